"""Use case: remove expired authorization codes, pushed requests and devices."""

from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.oauth.repositories import Connection, codes, devices, pushed_requests

ROWS_PER_BATCH: Final = 5000


class CodeExpiry:
    """Removes rows that can no longer be used, so that the tables stay small."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        """Remove at most ``rows_per_batch`` rows per transaction."""
        self._database = database
        self._clock = clock
        self._rows_per_batch = rows_per_batch

    async def prune(self) -> int:
        """Remove expired rows in batches; return how many. Raises ``ServiceUnavailableError``."""
        now = self._clock.now()
        return await remove_in_batches(
            self._database,
            partial(codes.remove_expired_codes, now=now),
            partial(pushed_requests.remove_expired_pushed_requests, now=now),
            partial(devices.remove_expired_devices, now=now),
            limit=self._rows_per_batch,
        )
