"""Other auth systems, each set up by its own documentation, with its own defaults."""
