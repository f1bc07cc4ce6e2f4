"""Verifies access tokens of doorward, and of other OAuth issuers, in Python services."""
