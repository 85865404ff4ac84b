"""PDF files: what a reader would see of their pages, in the order in which it would be read."""

from qa.loaders.pdf.parser import read_pdf

__all__ = ["read_pdf"]
