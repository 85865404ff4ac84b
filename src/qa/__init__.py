"""Answers from documents, with citations that hold."""
