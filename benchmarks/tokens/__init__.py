"""Tokens that clients get for themselves, what introspection costs, and what ES256 costs the service's own calls."""
