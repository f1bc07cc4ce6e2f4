"""Signing in to applications: the code exchange and the authorization endpoint, compared with their limits."""
