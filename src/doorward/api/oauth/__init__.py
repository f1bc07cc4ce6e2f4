"""The endpoints of OAuth 2.0, one module each: what standard clients and other services call."""
