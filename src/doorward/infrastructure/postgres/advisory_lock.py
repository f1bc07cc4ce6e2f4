"""A lock that one process at a time holds: an advisory lock of PostgreSQL, on its own connection."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection, aborted_when_frozen
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts


def lock_key(name: str) -> int:
    """Return the key of the lock with this name, which must never change."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


class HeldLock:
    """A lock that this process holds, and the connection that holds it."""

    def __init__(self, connection: AsyncConnection[Any], timeouts: Timeouts) -> None:
        self._connection = connection
        self._timeouts = timeouts

    @contextmanager
    def connection(self) -> Iterator[AsyncConnection[Any]]:
        """Use the connection for a statement that holds no row. Raises ``ServiceUnavailableError``."""
        try:
            with aborted_when_frozen(self._connection, self._timeouts.abort):
                yield self._connection
        except psycopg.Error as error:
            raise ServiceUnavailableError from error

    async def check(self) -> None:
        """Disable the idle timeout of the transaction that holds the lock. An error shows that the lock is lost."""
        with self.connection() as connection:
            # SET needs no snapshot, so it also releases the snapshot of the query before it.
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


class AdvisoryLock:
    """An advisory lock, held while its transaction is open. The transaction holds nothing else: no row, no snapshot.

    The lock belongs to the transaction, not to the session, because a pooler in transaction mode keeps a transaction on
    one connection. The server releases the lock when the process dies.
    """

    def __init__(self, conninfo: str, name: str, timeouts: Timeouts = TIMEOUTS) -> None:
        """Store the name, from which the lock's key is derived."""
        self._conninfo = conninfo
        self._key = lock_key(name)
        self._timeouts = timeouts

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Callable[[], Awaitable[None]] | None]:
        """Hold the lock for the block. Yield None when another process holds it, else a check that it is still held.

        Raises ``ServiceUnavailableError`` while PostgreSQL does not answer or refuses writes; so does the check.
        """
        async with self.locked() as lock:
            yield None if lock is None else lock.check

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[HeldLock | None]:
        """Hold the lock for the block as ``held`` does, and yield it with its connection."""
        try:
            guard = await PromptlyClosedConnection.connect(self._conninfo, settings_seconds=self._timeouts.settings)
        except psycopg.Error as error:
            raise ServiceUnavailableError from error
        try:
            if guard.was_read_only:
                # A lock on a standby does not exclude processes that use the primary.
                raise ServiceUnavailableError
            lock = HeldLock(guard, self._timeouts)
            is_held = await self._take(lock)
            await lock.check()
            yield lock if is_held else None
        finally:
            # Without a rollback: a frozen server would not answer it.
            await guard.close()

    async def _take(self, lock: HeldLock) -> bool:
        with lock.connection() as guard:
            cursor = await guard.execute("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": self._key})
            row = await cursor.fetchone()
        return bool(row and row[0])
