"""Logging, scrubbing, the context of a request, metrics and traces."""
