"""Client credentials tokens, the cost of introspection, and the cost of ES256 for the service's own calls."""
