"""Signing in to applications: the code exchange and the authorization endpoint beside their limits."""
