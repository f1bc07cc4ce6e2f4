"""Use case: remove authorization codes that were never redeemed, and what else of applications is over."""

import asyncio
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.oauth.repositories import Connection, codes, devices, pushed_requests

ROWS_A_BATCH: Final = 5000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class CodeExpiry:
    """Keeps the tables of codes, pushed requests and waiting devices as large as what can still be used."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def prune(self) -> int:
        """Remove what has expired in batches; return how many rows. Raises ``ServiceUnavailableError``."""
        now, limit, total = self._clock.now(), self._rows_a_batch, 0
        for remove in (
            codes.remove_expired_codes,
            pushed_requests.remove_expired_pushed_requests,
            devices.remove_expired_devices,
        ):
            removed = limit
            while removed == limit:
                async with self._database.connection() as connection:
                    removed = await remove(connection, now=now, limit=limit)
                total += removed
                await asyncio.sleep(PAUSE_SECONDS)
        return total
