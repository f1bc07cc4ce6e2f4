"""Passwords: the rules for new ones, and the comparison with stored hashes."""
