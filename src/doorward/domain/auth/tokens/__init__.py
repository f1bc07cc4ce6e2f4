"""Formats of tokens, single-use tokens, and proofs of the key that a token is bound to."""
