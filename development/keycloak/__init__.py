"""A real Keycloak, for the tests of trusted issuers."""
