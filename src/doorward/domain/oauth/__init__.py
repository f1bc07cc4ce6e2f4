"""OAuth: programs that get tokens of their own, and the services that tokens are for."""
