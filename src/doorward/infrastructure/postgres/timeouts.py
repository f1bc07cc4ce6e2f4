"""How long PostgreSQL may take for each step before a call is refused."""

from typing import Final

from doorward.core.frozen import frozen


@frozen(kw_only=True)
class Timeouts:
    """Seconds, except for the last three, which are PostgreSQL's settings as it spells them; there 0 is no limit."""

    connect: int = 2
    """For one attempt to connect. libpq takes whole seconds, and 2 at least."""

    settings: float = 2.0
    """For the comparison of a new connection's settings."""

    pool_wait: float = 1.5
    """For a connection of the pool."""

    reconnect: float = 3.0
    """How long the pool retries by itself, pausing longer each time; later requests start new attempts at once."""

    shared_query: float = 1.0
    """For a shared query to begin: the database stands still when those before it take longer."""

    abort: float = 2.5
    """For one use of a connection. Above the server's own limits: only a frozen server gets here."""

    clock_interval: float = 5.0
    """Between two comparisons of the clocks, each of which is one use of a connection."""

    statement: str = "2s"
    lock: str = "1500ms"
    idle_in_transaction: str = "5s"

    def of_session(self) -> dict[str, str]:
        """Return the limits that the server keeps, as settings of the session."""
        return {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }


TIMEOUTS: Final = Timeouts()
"""Those of production."""
