"""Sends webhooks and logout tokens: a client that connects to checked addresses only."""
