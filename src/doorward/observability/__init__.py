"""What the service tells of itself: log lines, scrubbing, the context of a request, metrics, traces."""
