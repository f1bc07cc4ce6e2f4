"""SQL of the outbox beside its repository: that of the relay."""
