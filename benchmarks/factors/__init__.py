"""Logins beside second factors: by a passkey, and by the password of users who have none."""
