"""Implementations of what the domains need from outside: PostgreSQL, hashing, signing, limits."""
