"""A command leaves its question to a page that runs already, whose models are loaded."""
