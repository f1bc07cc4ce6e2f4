"""Use case: remove sessions that ended long ago."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.auth import repository

PAGES_A_BATCH: Final = 64
"""Half a MiB, some two thousand families at most: milliseconds."""

PAUSE_SECONDS: Final = 0.01
"""Between two batches, for those whom the walk would hold up: it has time."""


class Pruning:
    """Keeps the table of families as large as what lives, and what ended lately."""

    def __init__(self, *, database: Database[repository.Connection], clock: Clock, retention: timedelta) -> None:
        """Take the database, the time, and how long an ended session is kept."""
        self._database = database
        self._clock = clock
        self._retention = retention

    async def prune(self) -> int:
        """Remove the families that expired or were revoked longer ago than the retention; return how many.

        Their tokens are refused as before, as those of unknown families. Each batch is a transaction of its own, which
        waits for nobody and holds rows that no refresh can want. Raises ``ServiceUnavailableError``; what was removed
        until then stays so.
        """
        dead_before = self._clock.now() - self._retention
        async with self._database.connection() as connection:
            pages = await repository.count_family_pages(connection)
        removed = 0
        for first_page in range(0, pages, PAGES_A_BATCH):
            async with self._database.connection() as connection:
                removed += await repository.remove_dead_families(
                    connection, first_page=first_page, end_page=first_page + PAGES_A_BATCH, dead_before=dead_before
                )
            await asyncio.sleep(PAUSE_SECONDS)
        return removed
