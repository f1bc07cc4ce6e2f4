"""Use cases whose effects are rolled back: what would be answered now, and nothing done."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from doorward.domain.auth.sessions.sessions import Sessions
from doorward.infrastructure.postgres.batching import SharedQuery

Connection = AsyncConnection[Any]


class UndoneDatabase:
    """The domain's ``Database``, in a transaction that is rolled back: what would be answered, and nothing done."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection in a transaction."""
        self._connection = connection

    def deadline(self) -> datetime:
        """Return the end of time: here nothing comes late."""
        return datetime.max.replace(tzinfo=UTC)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield the connection."""
        yield self._connection

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """Yield the connection: it is in a transaction already."""
        return self.connection()

    def bulk_transaction(self) -> Any:  # noqa: ANN401 - the port asks for it; sessions never do
        """Sessions have no bulk."""
        raise NotImplementedError

    def bulk_place(self) -> Any:  # noqa: ANN401 - as above
        """Sessions have no bulk."""
        raise NotImplementedError


def undone_sessions(connection: Connection, sessions: Sessions) -> Sessions:
    """Return the same use cases on a connection that is in a transaction."""
    names = ("codec", "signer", "issuer", "clock", "lifetimes", "endings")
    wired = {name: getattr(sessions, f"_{name}") for name in names}
    return Sessions(database=UndoneDatabase(connection), batching=SharedQuery, **wired)
