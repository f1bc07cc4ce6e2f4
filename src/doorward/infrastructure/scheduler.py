"""Background tasks at intervals: of all processes that share a database, one at a time runs each task."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import psycopg

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.repetition import is_set_within
from doorward.infrastructure.postgres.advisory_lock import AdvisoryLock, HeldLock
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from doorward.observability.events import HousekeepingCrashed, HousekeepingDone, HousekeepingFailed, HousekeepingRefused
from doorward.observability.logging import report

FIRST_LOOK_SECONDS: Final = 10.0
LOOKS_PER_INTERVAL: Final = 4
"""Checks per interval. A task is late by at most 0.3 intervals, even if copies of the service start or end."""


@frozen
class Task:
    """Work to do at an interval, which is counted from the end of the last run. ``run`` returns how much it did.

    The name is the key of the task's row and of its lock: it must never change.
    """

    name: str
    interval: timedelta
    run: Callable[[], Awaitable[int]]

    @property
    def lock_name(self) -> str:
        """The name of the advisory lock that is held while the task runs."""
        return f"doorward background task {self.name}"


class Scheduler:
    """Runs tasks when they are due."""

    def __init__(
        self,
        conninfo: str,
        tasks: Iterable[Task],
        *,
        first_look_seconds: float = FIRST_LOOK_SECONDS,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        """Store where runs are recorded, the tasks, and the maximum delay of the first check of each."""
        tasks = list(tasks)
        self.task_names = [task.name for task in tasks]
        self._runners = [TaskRunner(conninfo, task, timeouts) for task in tasks]
        self._first_look_seconds = first_look_seconds

    @asynccontextmanager
    async def running(self, *, grace_seconds: float = 0) -> AsyncIterator[None]:
        """Run tasks within the block. A run under way at its end may finish within ``grace_seconds``."""
        ended = asyncio.Event()
        loops = [
            asyncio.create_task(runner.run_until(ended, first_look_seconds=self._first_look_seconds))
            for runner in self._runners
        ]
        try:
            yield
        finally:
            ended.set()
            if loops:
                _, unfinished = await asyncio.wait(loops, timeout=grace_seconds)
                for each in unfinished:
                    each.cancel()
                await asyncio.gather(*loops, return_exceptions=True)


class TaskRunner:
    """Runs one task, under its lock."""

    def __init__(self, conninfo: str, task: Task, timeouts: Timeouts = TIMEOUTS) -> None:
        """Store where runs are recorded, the task, and the timeouts of its lock and of the record."""
        self._lock = AdvisoryLock(conninfo, task.lock_name, timeouts)
        self._task = task

    async def run_until(self, ended: asyncio.Event, *, first_look_seconds: float) -> None:
        """Check at intervals whether the task is due, until the event is set. A failure is logged; the checks go on.

        Pauses are random, so that the copies of the service do not check at the same moment.
        """
        interval = self._task.interval.total_seconds()
        pause = random.uniform(0, first_look_seconds)  # noqa: S311 - no secret
        while not await is_set_within(ended, pause):
            await self._run_if_due()
            pause = interval / LOOKS_PER_INTERVAL * random.uniform(0.8, 1.2)  # noqa: S311 - no secret

    async def _run_if_due(self) -> None:
        try:
            await self.run(only_if_due=True)
        except (ServiceUnavailableError, psycopg.Error) as error:
            report(HousekeepingFailed(task=self._task.name, error=type(error).__name__))
        except ClocksDifferError as error:
            report(HousekeepingRefused(task=self._task.name, seconds=round(error.seconds, 3)))
        # Catch everything: a defect in one run must neither end the task nor stay unreported.
        except Exception:  # noqa: BLE001 - reported with its traceback
            report(HousekeepingCrashed(task=self._task.name))

    async def run(self, *, only_if_due: bool) -> int | None:
        """Run the task; return how much was done, or None when it was not due or another process runs it.

        The end of the run is recorded while the lock is held. Raises ``ServiceUnavailableError`` while PostgreSQL does
        not answer or refuses writes, and what the task raises.
        """
        async with self._lock.locked() as lock:
            if lock is None or (only_if_due and await self._was_done_lately(lock)):
                return None
            done = await self._task.run()
            await self._record_end(lock)
        report(HousekeepingDone(task=self._task.name, count=done))
        return done

    async def _was_done_lately(self, lock: HeldLock) -> bool:
        with lock.connection() as connection:
            cursor = await connection.execute(
                """
                SELECT finished_at
                FROM housekeeping_runs
                WHERE task = %(task)s
                  AND finished_at > clock_timestamp() - %(interval)s
                """,
                {"task": self._task.name, "interval": self._task.interval},
            )
            was_done = await cursor.fetchone() is not None
        await lock.check()
        return was_done

    async def _record_end(self, lock: HeldLock) -> None:
        with lock.connection() as connection:
            await connection.execute(
                """
                INSERT INTO housekeeping_runs (task, finished_at)
                VALUES (%(task)s, clock_timestamp())
                ON CONFLICT (task) DO UPDATE
                SET finished_at = excluded.finished_at
                """,
                {"task": self._task.name},
            )
            await connection.commit()
