"""Compares PostgreSQL's clock with this host's at intervals, and reports when they differ."""

import asyncio
from contextlib import suppress
from typing import Final

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.postgres.database_clock import DatabaseClock
from doorward.observability.database_events import ClockAgrees, ClockCrashed, ClockDiffers
from doorward.observability.logging import report

BUSY_SECONDS: Final = 60.0
"""Maximum age of a measurement while requests use all connections."""

FIRST_MEASUREMENT_SECONDS: Final = 1.0
"""How long a start waits for the first measurement. Calls that need the time are answered 503 until then."""

REPORTED_SECONDS: Final = 1.0
REFUSED_SECONDS: Final = 60.0
"""Above this difference, nothing is removed because of its age."""


class ClocksDifferError(Exception):
    """This host's clock and PostgreSQL's differ so much that one is wrong. Positive ``seconds``: the host is ahead."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the clocks of this host and of PostgreSQL differ by {abs(seconds):.0f} seconds")
        self.seconds = seconds


def require_agreement(clock: DatabaseClock) -> None:
    """Check that the clocks differ by at most ``REFUSED_SECONDS``: beyond that, PostgreSQL's may be the wrong one.

    Raises ``ClocksDifferError``, or ``ServiceUnavailableError`` while PostgreSQL's time is unknown.
    """
    difference = clock.difference()
    if difference is None:
        raise ServiceUnavailableError
    if abs(difference) > REFUSED_SECONDS:
        raise ClocksDifferError(difference)


class ClockWatch:
    """Measures PostgreSQL's clock at intervals while the service runs."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._is_measured = asyncio.Event()
        self._is_ended = asyncio.Event()
        self._is_reported = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start to measure at intervals. Return after the first measurement, or after a second without one."""
        self._task = asyncio.create_task(self._measure_repeatedly())
        await _wait(self._is_measured, FIRST_MEASUREMENT_SECONDS)

    async def end(self) -> None:
        """Stop after the measurement under way, which fails at once if the database was closed before."""
        self._is_ended.set()
        if self._task is not None:
            await self._task

    async def _measure_repeatedly(self) -> None:
        while not self._is_ended.is_set():
            try:
                await self._measure()
            # Catch everything: a defect must neither end the measurements nor stay unreported.
            except Exception:  # noqa: BLE001 - reported with its traceback
                report(ClockCrashed())
            await _wait(self._is_ended, self._database.timeouts.clock_interval)

    async def _measure(self) -> None:
        if self._is_due():
            try:
                await self._database.measure_clock()
            except ServiceUnavailableError:
                # The database has logged the cause. The last estimate stays in use.
                return
        self._is_measured.set()
        self._report()

    def _is_due(self) -> bool:
        """Return whether to measure now. Without an idle connection, only a measurement that is too old is replaced."""
        age = self._database.clock.age()
        return age is None or age > BUSY_SECONDS or self._database.pool_load().idle > 0

    def _report(self) -> None:
        clock = self._database.clock
        difference = clock.difference()
        if difference is None:
            return
        is_different = abs(difference) - clock.error() > REPORTED_SECONDS
        if is_different and not self._is_reported:
            report(ClockDiffers(seconds=round(difference, 3)))
        elif self._is_reported and not is_different:
            report(ClockAgrees(seconds=round(difference, 3)))
        self._is_reported = is_different


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
