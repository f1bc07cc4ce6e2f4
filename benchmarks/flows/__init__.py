"""The flows of accounts: their statements and commits, their throughput, and the claims of the outbox."""
