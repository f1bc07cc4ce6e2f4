"""PostgreSQL: the pool, each connection's setup, the translation of faults, and the circuit breaker."""
