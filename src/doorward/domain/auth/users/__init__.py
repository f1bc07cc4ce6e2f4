"""Accounts: names and addresses, registration, deactivation."""
