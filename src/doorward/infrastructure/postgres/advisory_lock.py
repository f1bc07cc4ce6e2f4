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


class AdvisoryLock:
    """An advisory lock, held while its transaction is open. The transaction holds nothing else: no row, no snapshot.

    The lock belongs to the transaction, not to the session, because a pooler in transaction mode keeps a transaction on
    one connection. The server releases the lock when the process dies.
    """

    def __init__(self, conninfo: str, name: str, timeouts: Timeouts = TIMEOUTS) -> None:
        """Store the name, from which the lock's key is derived: it must never change."""
        self._conninfo = conninfo
        self._key = int.from_bytes(hashlib.sha256(f"doorward turn {name}".encode()).digest()[:8], signed=True)
        self._timeouts = timeouts

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Callable[[], Awaitable[None]] | None]:
        """Hold the lock for the block. Yield None when another process holds it, else a check that it is still held.

        Raises ``ServiceUnavailableError`` while PostgreSQL does not answer or refuses writes; so does the check.
        """
        try:
            guard = await PromptlyClosedConnection.connect(self._conninfo, settings_seconds=self._timeouts.settings)
        except psycopg.Error as error:
            raise ServiceUnavailableError from error
        try:
            if guard.was_read_only:
                # A lock on a standby does not exclude processes that use the primary.
                raise ServiceUnavailableError
            is_held = await self._take(guard)

            async def check() -> None:
                await self._keep(guard)

            await check()
            yield check if is_held else None
        finally:
            # Without a rollback: a frozen server would not answer it.
            await guard.close()

    async def _take(self, guard: AsyncConnection[Any]) -> bool:
        with self._answered(guard):
            cursor = await guard.execute("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": self._key})
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def _keep(self, guard: AsyncConnection[Any]) -> None:
        """Disable the idle timeout of the transaction that holds the lock. An error shows that the lock is lost."""
        with self._answered(guard):
            # SET needs no snapshot, so it also releases the snapshot of the query before it.
            await guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    @contextmanager
    def _answered(self, guard: AsyncConnection[Any]) -> Iterator[None]:
        try:
            with aborted_when_frozen(guard, self._timeouts.abort):
                yield
        except psycopg.Error as error:
            raise ServiceUnavailableError from error
