"""Accounts, logins and sessions: one package per topic, one module per flow or rule. ``repositories`` has all SQL."""
