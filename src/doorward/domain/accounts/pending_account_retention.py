"""Use case: remove expired registrations and invitations."""

from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.repositories import Connection, invitations, pending_registrations

ROWS_PER_BATCH: Final = 1000


class PendingAccountRetention:
    """Keep addresses and password hashes of people without an account no longer than their mails are valid."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        """Take the database, the clock, and the maximum number of rows that a transaction removes."""
        self._database = database
        self._clock = clock
        self._rows_per_batch = rows_per_batch

    async def prune(self) -> int:
        """Remove expired rows in batches; return how many. Raises ``ServiceUnavailableError``."""
        now = self._clock.now()
        return await remove_in_batches(
            self._database,
            partial(pending_registrations.remove_expired_registrations, now=now),
            partial(invitations.remove_expired_invitations, now=now),
            limit=self._rows_per_batch,
        )
