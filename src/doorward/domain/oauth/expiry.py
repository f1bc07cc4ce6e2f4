"""Use case: remove authorization codes that were never redeemed, and what else of applications is over."""

from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.oauth.repositories import Connection, codes, devices, pushed_requests

ROWS_A_BATCH: Final = 5000


class CodeExpiry:
    """Keeps the tables of codes, pushed requests and waiting devices as large as what can still be used."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def prune(self) -> int:
        """Remove what has expired in batches; return how many rows. Raises ``ServiceUnavailableError``."""
        now = self._clock.now()
        return await remove_in_batches(
            self._database,
            partial(codes.remove_expired_codes, now=now),
            partial(pushed_requests.remove_expired_pushed_requests, now=now),
            partial(devices.remove_expired_devices, now=now),
            limit=self._rows_a_batch,
        )
