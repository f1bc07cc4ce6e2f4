"""Access tokens of foreign issuers, and the users that these vouch for."""
