"""Every way in which the life of an account is refused. The codes are part of the API."""
