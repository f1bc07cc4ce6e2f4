"""Other auth systems, each as its own documentation says, at its own defaults."""
