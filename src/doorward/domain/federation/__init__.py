"""Access tokens of other issuers, sign-in with other OpenID providers, and their local users."""
