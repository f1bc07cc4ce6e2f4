"""The calls of the items domain at real sizes, each beside its own queries."""
