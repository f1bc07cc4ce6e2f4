"""Logins and second factors: logins by passkey, and logins by password of users without second factors."""
