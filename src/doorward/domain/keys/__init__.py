"""The keys that sign tokens for other services: when each is published, signs, retires and disappears."""
