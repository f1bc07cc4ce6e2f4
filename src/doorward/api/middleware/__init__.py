"""What is done for every request, in one pass: see ``request_pass``."""
