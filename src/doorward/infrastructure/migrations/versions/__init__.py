"""One module a version, named by number and content."""
