"""The processing of every request, in one pass: see ``request_pass``."""
