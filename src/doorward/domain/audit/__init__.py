"""The audit log: what changed, about whom, by whom. Written in the transaction of the change."""
