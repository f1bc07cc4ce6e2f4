"""Logins: the password, what completes it, how failed attempts are throttled, and a fresh proof within a session."""
