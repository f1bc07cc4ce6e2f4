"""Accounts, logins and sessions. One module a flow: registration, login, sessions."""
