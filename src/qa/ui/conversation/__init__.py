"""One visitor's conversation: its exchanges, and where they are kept."""
