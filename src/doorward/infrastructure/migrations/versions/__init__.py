"""One module for each version, named by number and content."""
