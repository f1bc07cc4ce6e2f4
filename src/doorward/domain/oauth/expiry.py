"""Use case: remove authorization codes that were never redeemed."""

import asyncio
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.oauth.repositories import Connection, codes

ROWS_A_BATCH: Final = 5000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class CodeExpiry:
    """Keeps the table of codes as large as what can still be used."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def prune(self) -> int:
        """Remove expired codes in batches; return how many. Raises ``ServiceUnavailableError``."""
        now, limit = self._clock.now(), self._rows_a_batch
        total, removed = 0, limit
        while removed == limit:
            async with self._database.connection() as connection:
                removed = await codes.remove_expired_codes(connection, now=now, limit=limit)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
