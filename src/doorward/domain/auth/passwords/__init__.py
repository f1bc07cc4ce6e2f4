"""Passwords: the rules for new ones, and the comparison with those that are stored."""
