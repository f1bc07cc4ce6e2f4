"""Implementations of the domains' ports: PostgreSQL, hashing, signing, limits."""
