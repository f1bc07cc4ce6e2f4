"""PostgreSQL: the pool, the setup of each connection, the translation of errors, and the circuit breaker."""
