"""Tools for people who work on doorward. Nothing here is in the image."""
