"""How many items one user may own."""
