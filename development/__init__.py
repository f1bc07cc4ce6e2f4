"""Tools for developers of doorward. None of them is in the image."""
