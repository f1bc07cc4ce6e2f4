"""Tests the service with extreme values of every PostgreSQL setting that a role may change."""
