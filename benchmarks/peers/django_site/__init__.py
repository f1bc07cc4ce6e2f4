"""Django with REST framework and simplejwt, with rotated and blacklisted refresh tokens: a minimal project."""
