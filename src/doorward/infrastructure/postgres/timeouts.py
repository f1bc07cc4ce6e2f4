"""Timeouts of each step of a use of PostgreSQL, after which a call is refused."""

from typing import Final

from doorward.core.frozen import frozen


@frozen(kw_only=True)
class Timeouts:
    """Timeouts in seconds. The last three are values of PostgreSQL's settings, where 0 disables the timeout."""

    connect: int = 2
    """One attempt to connect. libpq takes whole seconds, at least 2."""

    settings: float = 2.0
    """The comparison of a new connection's settings."""

    pool_wait: float = 1.5
    """The wait for a connection from the pool."""

    reconnect: float = 3.0
    """Background retries of the pool, with backoff; later requests start new attempts at once."""

    shared_query: float = 1.0
    """The wait until a shared query begins. If the queries before it take longer, PostgreSQL has stalled."""

    abort: float = 2.5
    """One use of a connection. Longer than the server's own timeouts: only a frozen server reaches it."""

    clock_interval: float = 5.0
    """The pause between two comparisons of the clocks, each of which is one use of a connection."""

    statement: str = "2s"
    lock: str = "1500ms"
    idle_in_transaction: str = "5s"

    def of_session(self) -> dict[str, str]:
        """Return the timeouts that the server enforces, as settings of the session."""
        return {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }


TIMEOUTS: Final = Timeouts()
"""The timeouts in production."""
