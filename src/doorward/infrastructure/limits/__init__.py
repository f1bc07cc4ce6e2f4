"""Rate limits: windows in memory, the shared store, and the limiter that chooses between them."""
