"""HTTP: the only layer that knows of statuses, headers and bodies."""
