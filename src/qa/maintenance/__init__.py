"""The upkeep of corpus, index and feedback together: backups, restores, and purges of documents."""
