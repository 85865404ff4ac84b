"""Documents become the index."""
