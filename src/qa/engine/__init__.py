"""One state of the index, opened together with the models that answer from it."""
