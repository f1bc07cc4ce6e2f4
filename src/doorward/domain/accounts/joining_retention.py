"""Use case: remove registrations and invitations that nobody answered."""

import asyncio
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.accounts.repositories import Connection, invitations, pending_registrations

ROWS_A_BATCH: Final = 1000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class JoiningRetention:
    """Keeps addresses and hashes of people who have no account no longer than their mails work."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def prune(self) -> int:
        """Remove expired rows in batches; return how many. Raises ``ServiceUnavailableError``."""
        now, total = self._clock.now(), 0
        for remove in (pending_registrations.remove_expired_registrations, invitations.remove_expired_invitations):
            removed = self._rows_a_batch
            while removed == self._rows_a_batch:
                async with self._database.connection() as connection:
                    removed = await remove(connection, now=now, limit=self._rows_a_batch)
                total += removed
                await asyncio.sleep(PAUSE_SECONDS)
        return total
