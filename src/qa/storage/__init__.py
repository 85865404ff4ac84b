"""The index on the disk: the manifest, chunks and vectors, their locks and checks."""
