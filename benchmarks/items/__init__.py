"""The calls of the items domain at real sizes, each compared with its own queries."""
