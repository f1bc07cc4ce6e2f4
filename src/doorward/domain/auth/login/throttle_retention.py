"""Use case: remove failed attempts and devices that were last seen long ago."""

from datetime import timedelta
from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.auth.login.throttling import (
    FEW_KEPT,
    LOGIN_CURVE,
    MANY_KEPT,
    SECOND_FACTOR_CURVE,
    SECOND_FACTOR_PREFIX,
)
from doorward.domain.auth.repositories import Connection, devices, throttles
from doorward.domain.auth.repositories.throttles import FewFailures

DEVICE_KEPT: Final = timedelta(days=180)
FEW_FAILURES: Final = FewFailures(LOGIN_CURVE.free, SECOND_FACTOR_CURVE.free, SECOND_FACTOR_PREFIX)
ROWS_PER_BATCH: Final = 5000


class ThrottleRetention:
    """Keeps the tables of throttling and of known devices small."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        self._database = database
        self._clock = clock
        self._rows_per_batch = rows_per_batch

    async def prune(self) -> int:
        """Remove the old rows of both tables in batches; return how many.

        Raises ``ServiceUnavailableError``; the batches before it stay removed.
        """
        return await remove_in_batches(
            self._database,
            partial(throttles.remove_silent_throttles, few=FEW_FAILURES, few_kept=FEW_KEPT, many_kept=MANY_KEPT),
            partial(devices.remove_silent_devices, seen_before=self._clock.now() - DEVICE_KEPT),
            limit=self._rows_per_batch,
        )
