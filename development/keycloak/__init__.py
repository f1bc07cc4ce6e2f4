"""A single-node Keycloak on loopback, for measurements and for tests that need a foreign issuer."""
