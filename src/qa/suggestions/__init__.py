"""What is offered unasked: a brief of each city, questions to go on with."""
