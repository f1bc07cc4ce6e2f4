"""Accounts, logins and sessions: one package a topic, one module a flow or a rule. ``repositories`` has all SQL."""
