"""The formats of tokens, those that work once, and proofs of the key that a token is bound to."""
