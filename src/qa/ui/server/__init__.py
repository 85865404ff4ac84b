"""The page as a web server: its routes, limits, health and programs."""
