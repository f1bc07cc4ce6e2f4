"""The account flows: their statements and commits, their throughput, and the claims of the outbox."""
