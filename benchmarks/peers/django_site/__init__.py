"""Django with REST framework and simplejwt, its refresh tokens rotated and blacklisted: the smallest project for it."""
