"""Request and response bodies. Requests refuse members that they do not name."""
