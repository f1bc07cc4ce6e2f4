"""What the service does by itself at intervals: in one process at a time of all that share the database."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres import database
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection, aborted_when_frozen
from doorward.observability.logging import get_logger

LOCK_KEY: Final = 7_241_633_906
"""Of the advisory lock that is held while a task runs. Arbitrary, and never to be changed."""

FIRST_LOOK_SECONDS: Final = 10.0
LOOKS_PER_INTERVAL: Final = 4
"""So that a task is late by a quarter of its interval at most, whichever copies were ended or began meanwhile."""

logger = get_logger()


class Housekeeper:
    """Runs one task when it is due, wherever it ran last."""

    def __init__(self, conninfo: str, name: str, task: Callable[[], Awaitable[int]], interval: timedelta) -> None:
        """Take where to keep count, the task, which tells how much it did, and how long after its end it is due."""
        self._conninfo = conninfo
        self._name = name
        self._task = task
        self._interval = interval

    async def run_for_ever(self) -> None:
        """Look now and then whether the task is due. A failure is logged, and changes nothing; ends by cancellation."""
        pause = random.uniform(0, FIRST_LOOK_SECONDS)  # noqa: S311 - so that copies do not look in step
        while True:
            await asyncio.sleep(pause)
            try:
                await self.run(only_if_due=True)
            except (ServiceUnavailableError, psycopg.Error) as error:
                logger.warning("housekeeping.failed", task=self._name, error=type(error).__name__)
            except ClocksDifferError as error:
                logger.warning("housekeeping.refused", task=self._name, seconds=round(error.seconds, 3))
            # The catch-all: a defect here must not end housekeeping for good, nor be silent.
            except Exception:
                logger.exception("housekeeping.crashed", task=self._name)
            pause = self._interval.total_seconds() / LOOKS_PER_INTERVAL * random.uniform(0.8, 1.2)  # noqa: S311 - as above

    async def run(self, *, only_if_due: bool) -> int | None:
        """Do the task; return how much was done, or None when it was not due or is under way elsewhere.

        Raises ``psycopg.Error`` and what the task raises.
        """
        async with self._turn(only_if_due=only_if_due) as has_turn:
            if not has_turn:
                return None
            done = await self._task()
        logger.info("housekeeping.done", task=self._name, count=done)
        return done

    @asynccontextmanager
    async def _turn(self, *, only_if_due: bool) -> AsyncIterator[bool]:
        """Hold the lock around the block, on a connection of its own; afterwards write down when the task was done.

        The lock is a transaction's, which a pooler in transaction mode keeps on one connection, and which the server
        releases when the process dies. The transaction holds nothing else: no row, no snapshot.
        """
        guard = await PromptlyClosedConnection.connect(self._conninfo)
        try:
            with aborted_when_frozen(guard, database.ABORT_SECONDS):
                has_turn = await _take_lock(guard) and not (only_if_due and await self._was_done_lately(guard))
                await _stay_idle(guard)
            yield has_turn
            if has_turn:
                with aborted_when_frozen(guard, database.ABORT_SECONDS):
                    await self._write_down(guard)
        finally:
            # Without a rollback, whose answer a frozen server would owe.
            await guard.close()

    async def _was_done_lately(self, guard: AsyncConnection[Any]) -> bool:
        cursor = await guard.execute(
            """
            SELECT finished_at
            FROM housekeeping_runs
            WHERE task = %(task)s
              AND finished_at > clock_timestamp() - %(interval)s
            """,
            {"task": self._name, "interval": self._interval},
        )
        return await cursor.fetchone() is not None

    async def _write_down(self, guard: AsyncConnection[Any]) -> None:
        await guard.execute(
            """
            INSERT INTO housekeeping_runs (task, finished_at)
            VALUES (%(task)s, clock_timestamp())
            ON CONFLICT (task) DO UPDATE
            SET finished_at = excluded.finished_at
            """,
            {"task": self._name},
        )
        await guard.commit()


async def _take_lock(guard: AsyncConnection[Any]) -> bool:
    cursor = await guard.execute("SELECT pg_try_advisory_xact_lock(%(key)s)", {"key": LOCK_KEY})
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _stay_idle(guard: AsyncConnection[Any]) -> None:
    """Allow the transaction to last. Being no query, this also gives back the snapshot of the query before it."""
    await guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
