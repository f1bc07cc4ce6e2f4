"""What sends webhooks: a client that goes to vetted addresses only."""
