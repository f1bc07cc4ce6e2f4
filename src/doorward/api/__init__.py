"""The HTTP layer: the only one that knows about status codes, header fields and bodies."""
