"""Sessions of clients and of browsers: how they begin, are used and refreshed, and end."""
