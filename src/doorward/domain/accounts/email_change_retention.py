"""Use case: remove changes of an e-mail address that were not confirmed in time, with the addresses in them."""

from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.repositories import Connection, email_changes

ROWS_PER_BATCH: Final = 1000


class EmailChangeRetention:
    """Remove expired changes."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        """Take the database and the clock."""
        self._database = database
        self._clock = clock

    async def prune(self) -> int:
        """Remove expired changes; return how many. Raises ``ServiceUnavailableError``."""
        remove = partial(email_changes.remove_expired_changes, now=self._clock.now())
        return await remove_in_batches(self._database, remove, limit=ROWS_PER_BATCH)
