"""What the program says, in each of its languages."""
