"""Use case: remove sessions that ended long ago."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.auth.repositories import Connection, dead_sessions

PAGES_A_BATCH: Final = 64
"""Half a MiB, with at most some two thousand sessions; a batch takes milliseconds."""

PAUSE_SECONDS: Final = 0.01
"""The pause between two batches, in which other statements can run."""


class Pruning:
    """Removes old rows, to keep the table of sessions small."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        retention: timedelta,
        pages_a_batch: int = PAGES_A_BATCH,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention
        self._pages_a_batch = pages_a_batch
        self._pause_seconds = pause_seconds

    async def prune(self) -> int:
        """Remove the sessions that expired or ended longer ago than the retention; return how many.

        Their tokens are still refused, like those of unknown sessions. Each batch is a transaction of its own, which
        waits for no lock and locks only rows that no refresh can use. Raises ``ServiceUnavailableError``; the batches
        before it stay removed.
        """
        dead_before = self._clock.now() - self._retention
        async with self._database.connection() as connection:
            pages = await dead_sessions.count_pages(connection)
        removed = 0
        for first_page in range(0, pages, self._pages_a_batch):
            end_page = first_page + self._pages_a_batch
            async with self._database.connection() as connection:
                removed += await dead_sessions.remove_dead_sessions(
                    connection,
                    first_page=first_page,
                    end_page=end_page,
                    dead_before=dead_before,
                )
            await asyncio.sleep(self._pause_seconds)
        return removed
