"""What the documents say on the whole: a timeline, the subjects, what is covered."""
