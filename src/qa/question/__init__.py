"""What is asked: the question made whole, what kind it is, what it is about."""
