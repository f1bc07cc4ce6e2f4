"""What every domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeVar

ConnectionT_co = TypeVar("ConnectionT_co", covariant=True)


class Clock(Protocol):
    """The time that all copies of the service agree on."""

    def now(self) -> datetime:
        """Return the present moment, in UTC. Raises ``ServiceUnavailableError`` while it is unknown."""
        ...


class Database(Protocol[ConnectionT_co]):
    """Connections to PostgreSQL. All raise ``ServiceUnavailableError`` for any fault of the database."""

    def connection(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection on which each statement commits by itself."""
        ...

    def deadline(self) -> datetime:
        """Return the moment from which on a statement on the connection just given must change nothing.

        By PostgreSQL's own clock, also where ``Clock`` is another one. For statements that commit by themselves and do
        harm when they are carried out after the caller was told of a failure.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction: committed at the end, rolled back by an exception."""
        ...

    def bulk_place(self) -> AbstractContextManager[None]:
        """Hold one of the few places for bulk transactions, before it is known when theirs begins."""
        ...

    def bulk_transaction(self) -> AbstractAsyncContextManager[ConnectionT_co]:
        """Yield a connection in a transaction that may take long, for many rows; ask within ``bulk_place``."""
        ...


class RateLimiter(Protocol):
    """How often one client may make a call."""

    async def count(self, call: str, client: str) -> int:
        """Count one call of a client; return 0 when it is within the limit, else the seconds to wait."""
        ...
