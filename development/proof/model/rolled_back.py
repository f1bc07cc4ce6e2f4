"""Use cases whose effects are rolled back: they return the current results without changes."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from doorward.domain.auth.sessions.sessions import Sessions
from doorward.infrastructure.postgres.batching import SharedQuery

Connection = AsyncConnection[Any]


class RolledBackDatabase:
    """The domain's ``Database`` on a transaction that is rolled back, so that calls have no effects."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection in a transaction."""
        self._connection = connection

    def deadline(self) -> datetime:
        """Return the latest possible moment: here calls have no deadline."""
        return datetime.max.replace(tzinfo=UTC)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield the connection."""
        yield self._connection

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """Yield the connection, which is in a transaction already."""
        return self.connection()

    def bulk_transaction(self) -> Any:  # noqa: ANN401 - required by the port, not used by sessions
        """Raise ``NotImplementedError``: sessions do not use bulk transactions."""
        raise NotImplementedError

    def bulk_slot(self) -> Any:  # noqa: ANN401 - as above
        """Raise ``NotImplementedError``: sessions do not use bulk transactions."""
        raise NotImplementedError


def rolled_back_sessions(connection: Connection, sessions: Sessions) -> Sessions:
    """Return the same use cases on a connection that is in a transaction."""
    names = ("codec", "signer", "issuer", "clock", "lifetimes", "endings")
    wired = {name: getattr(sessions, f"_{name}") for name in names}
    return Sessions(database=RolledBackDatabase(connection), batching=SharedQuery, **wired)
