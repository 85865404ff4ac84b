"""Question → passages, best first."""
