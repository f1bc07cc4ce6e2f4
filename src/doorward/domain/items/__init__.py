"""Catalogue entries that users own: the domain to copy when a new one begins."""
