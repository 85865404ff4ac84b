"""Corpus and index → one file, while they are in use, and back again: `qa backup` and `qa restore`."""
