"""PDF files → the text that a reader would see on their pages, in reading order."""

from qa.loaders.pdf.parser import read_pdf

__all__ = ["read_pdf"]
