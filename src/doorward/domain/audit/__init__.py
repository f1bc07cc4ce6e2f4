"""The audit log: what changed, which user it concerns, and who changed it. Written in the change's transaction."""
