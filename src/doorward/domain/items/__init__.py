"""Catalogue entries that users own: the domain to copy for a new one."""
