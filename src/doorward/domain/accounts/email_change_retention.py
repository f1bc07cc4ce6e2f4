"""Use case: forget changes of an e-mail address that were not confirmed in time, with the addresses in them."""

import asyncio
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.accounts.repositories import Connection, email_changes

ROWS_A_BATCH: Final = 1000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class EmailChangeRetention:
    """Removes changes that have expired."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        """Take the database and the time."""
        self._database = database
        self._clock = clock

    async def prune(self) -> int:
        """Remove changes that have expired; return how many. Raises ``ServiceUnavailableError``."""
        now = self._clock.now()
        total, removed = 0, ROWS_A_BATCH
        while removed == ROWS_A_BATCH:
            async with self._database.connection() as connection:
                removed = await email_changes.remove_expired_changes(connection, now=now, limit=ROWS_A_BATCH)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
