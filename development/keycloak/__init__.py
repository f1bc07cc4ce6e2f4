"""A Keycloak of one copy on loopback, for measurements and for tests that need a foreign issuer."""
