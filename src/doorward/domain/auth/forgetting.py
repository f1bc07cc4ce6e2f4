"""Use case: forget failed attempts and devices of which nothing was seen for long."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.auth.repositories import Connection, devices, throttles
from doorward.domain.auth.repositories.throttles import FewFailures
from doorward.domain.auth.throttling import (
    FEW_KEPT,
    LOGIN_CURVE,
    MANY_KEPT,
    SECOND_FACTOR_CURVE,
    SECOND_FACTOR_PREFIX,
)

DEVICE_KEPT: Final = timedelta(days=180)
FEW_FAILURES: Final = FewFailures(LOGIN_CURVE.free, SECOND_FACTOR_CURVE.free, SECOND_FACTOR_PREFIX)
ROWS_A_BATCH: Final = 5000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class Forgetting:
    """Keeps the tables of throttling and of known devices small."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def forget(self) -> int:
        """Remove silent rows of both tables in batches; return how many.

        Raises ``ServiceUnavailableError``; what was removed until then stays so.
        """
        return await self._forget_throttles() + await self._forget_devices()

    async def _forget_throttles(self) -> int:
        total, removed = 0, self._rows_a_batch
        while removed == self._rows_a_batch:
            async with self._database.connection() as connection:
                removed = await throttles.remove_silent_throttles(
                    connection, few=FEW_FAILURES, few_kept=FEW_KEPT, many_kept=MANY_KEPT, limit=self._rows_a_batch
                )
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total

    async def _forget_devices(self) -> int:
        seen_before = self._clock.now() - DEVICE_KEPT
        total, removed = 0, self._rows_a_batch
        while removed == self._rows_a_batch:
            async with self._database.connection() as connection:
                removed = await devices.remove_silent_devices(
                    connection, seen_before=seen_before, limit=self._rows_a_batch
                )
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
