"""A fair share of the connection pool for calls to resources; the rest stays free for accounts and sessions."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError, TooManyQueriesError
from doorward.core.ports import Database

MAXIMUM_WAITING: Final = 500

Connection = AsyncConnection[Any]


class Share:
    """A fair semaphore: one key may hold at most half of the slots, and waiting keys are served in turn."""

    def __init__(self, slots: int, *, wait_seconds: float) -> None:
        """Create the slots. ``wait_seconds`` is the timeout of a call that waits for one."""
        self._free = slots
        self._per_key = (slots + 1) // 2
        self._wait_seconds = wait_seconds
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._number_waiting = 0

    @asynccontextmanager
    async def slot(self, key: str) -> AsyncIterator[None]:
        """Hold a slot within the block.

        After the timeout, or if too many calls wait, raises ``TooManyQueriesError`` if the key holds its maximum, else
        ``ServiceUnavailableError``.
        """
        if self._free and not self._number_waiting and self._held[key] < self._per_key:
            self._take(key)
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._release(key)

    async def _wait(self, key: str) -> None:
        if self._number_waiting >= MAXIMUM_WAITING:
            raise self._refusal(key)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        self._number_waiting += 1
        self._serve()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            self._give_up(key, turn)
            if isinstance(error, TimeoutError):
                raise self._refusal(key) from error
            raise

    def _give_up(self, key: str, turn: asyncio.Future[None]) -> None:
        if not turn.cancelled():
            # The slot was granted at the moment when the wait ended.
            self._release(key)
            return
        turns = self._waiting.get(key)
        if turns is not None and turn in turns:
            self._remove(key, turn)
        # ``_serve`` may have picked this cancelled call, and so have skipped another call of the same key.
        self._serve()

    def _refusal(self, key: str) -> Exception:
        return TooManyQueriesError() if self._held[key] >= self._per_key else ServiceUnavailableError()

    def _take(self, key: str) -> None:
        self._free -= 1
        self._held[key] += 1

    def _release(self, key: str) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        self._serve()

    def _serve(self) -> None:
        """Grant the free slots to the waiting keys that may hold one more, the least recently served key first."""
        for key in list(self._waiting):
            if not self._free:
                return
            if self._held[key] >= self._per_key:
                continue
            turn = self._waiting[key][0]
            self._waiting.move_to_end(key)
            self._remove(key, turn)
            if not turn.done():
                turn.set_result(None)
                self._take(key)

    def _remove(self, key: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting[key]
        turns.remove(turn)
        self._number_waiting -= 1
        if not turns:
            del self._waiting[key]


class SharedDatabase:
    """The domains' ``Database``, with connections from a share. Bulk transactions have their own slots."""

    def __init__(self, database: Database[Connection], share: Share, key: Callable[[], str]) -> None:
        """Store the database, the share, and what returns the caller whose request is being processed."""
        self._database = database
        self._share = share
        self._key = key

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection on which each statement commits by itself. Raises what ``Share.slot`` raises."""
        async with self._share.slot(self._key()), self._database.connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction. Raises what ``Share.slot`` raises."""
        async with self._share.slot(self._key()), self._database.transaction() as connection:
            yield connection

    def deadline(self) -> datetime:
        """Return the time, by PostgreSQL's clock, from which on a statement that is sent now must change nothing."""
        return self._database.deadline()

    def bulk_slot(self) -> AbstractContextManager[None]:
        """Hold one of the bulk slots for the block."""
        return self._database.bulk_slot()

    def bulk_transaction(self) -> AbstractAsyncContextManager[Connection]:
        """Yield a connection in a long transaction for many rows."""
        return self._database.bulk_transaction()


def slots_for_resources(pool_size: int, percent: int, bulk_slots: int) -> int:
    """Return the number of connections for calls to resources: their share of the pool minus the bulk slots."""
    return max(1, pool_size * percent // 100 - bulk_slots)
