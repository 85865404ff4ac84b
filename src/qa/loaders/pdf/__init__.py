"""PDF files → the text that a reader would see on their pages, in reading order."""
