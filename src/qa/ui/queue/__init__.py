"""Whose turn it is: how many questions wait, and what nobody waits for any more."""
