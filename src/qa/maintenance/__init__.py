"""What those who run the program do to all of it: back it up, bring it back, remove a document for good."""
