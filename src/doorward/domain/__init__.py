"""The domains, one folder each. None imports another, the web framework or the infrastructure."""
