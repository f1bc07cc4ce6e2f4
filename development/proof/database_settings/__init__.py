"""Every setting of PostgreSQL that a role may change, at its extremes, and what the service then answers."""
