"""Language models: the interface, the servers behind it, and the one for a file of weights."""
