"""Use case: remove audit events that are older than their retention."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.audit import repository
from doorward.domain.audit.events import AuditPruned
from doorward.domain.audit.recording import record
from doorward.observability.logging import report

ENTRIES_A_BATCH: Final = 5000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class AuditRetention:
    """Keeps the audit log as long as the setting says."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        retention: timedelta,
        entries_a_batch: int = ENTRIES_A_BATCH,
    ) -> None:
        """Take the database, the time, how long an entry is kept, and how many a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._retention = retention
        self._entries_a_batch = entries_a_batch

    async def prune(self) -> int:
        """Remove the entries that are older than the retention; return how many.

        Each batch is a transaction, with an entry that says how many it removed. Raises ``ServiceUnavailableError``;
        what was removed until then stays so.
        """
        older_than = self._clock.now() - self._retention
        total, removed = 0, self._entries_a_batch
        while removed == self._entries_a_batch:
            async with self._database.transaction() as connection:
                await repository.allow_removal(connection)
                removed = await repository.remove_oldest_entries(
                    connection, older_than=older_than, limit=self._entries_a_batch
                )
                event = AuditPruned(user_id=None, count=removed)
                if removed:
                    await record(connection, event)
            if removed:
                report(event)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
