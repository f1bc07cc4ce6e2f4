"""A turn that one process at a time has: an advisory lock, held by a connection of its own."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection, aborted_when_frozen
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts


class AdvisoryTurn:
    """Has the turn while its transaction is open. It holds nothing else: no row, no snapshot.

    A transaction's lock and not a session's, because a pooler in transaction mode keeps it on one connection, and the
    server releases it when the process dies.
    """

    def __init__(self, conninfo: str, name: str, timeouts: Timeouts = TIMEOUTS) -> None:
        """Take the name of the turn: the key of its lock, which must never change."""
        self._conninfo = conninfo
        self._key = int.from_bytes(hashlib.sha256(f"doorward turn {name}".encode()).digest()[:8], signed=True)
        self._timeouts = timeouts

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Callable[[], Awaitable[None]] | None]:
        """Hold the turn for the block; yield None when another process has it, else what checks that it is held still.

        Raises ``ServiceUnavailableError`` while PostgreSQL does not answer or refuses writes; the check does, too.
        """
        try:
            guard = await PromptlyClosedConnection.connect(self._conninfo, settings_seconds=self._timeouts.settings)
        except psycopg.Error as error:
            raise ServiceUnavailableError from error
        try:
            if guard.was_read_only:
                # A lock at a standby does not exclude processes that use the primary.
                raise ServiceUnavailableError
            has_turn = await self._take(guard)

            async def check() -> None:
                await self._keep(guard)

            await check()
            yield check if has_turn else None
        finally:
            # Without a rollback: a frozen server would not answer it.
            await guard.close()

    async def _take(self, guard: AsyncConnection[Any]) -> bool:
        with self._answered(guard):
            cursor = await guard.execute("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": self._key})
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def _keep(self, guard: AsyncConnection[Any]) -> None:
        """Switch off the idle timeout of the transaction that holds the lock. An error shows that the lock is lost."""
        with self._answered(guard):
            # SET is no query, so this also gives back the snapshot of the query before it.
            await guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    @contextmanager
    def _answered(self, guard: AsyncConnection[Any]) -> Iterator[None]:
        try:
            with aborted_when_frozen(guard, self._timeouts.abort):
                yield
        except psycopg.Error as error:
            raise ServiceUnavailableError from error
