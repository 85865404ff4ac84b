"""Word, PowerPoint and Excel files: packages of XML, checked before anything in them is opened."""
