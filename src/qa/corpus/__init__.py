"""The folder of documents: what lies in it, what is brought in and taken out."""
