"""Use case: remove audit events after their retention period."""

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
"""Pause between two batches, for other queries that they delay."""


class AuditRetention:
    """Removes audit events after the retention period of the settings."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        retention: timedelta,
        entries_a_batch: int = ENTRIES_A_BATCH,
    ) -> None:
        """Take the retention period of entries, and the maximum of entries that one transaction removes."""
        self._database = database
        self._clock = clock
        self._retention = retention
        self._entries_a_batch = entries_a_batch

    async def prune(self) -> int:
        """Remove the entries that are older than the retention period; return the number of removed ones.

        Each batch is a transaction, which also adds an entry with the number of removed ones. Raises
        ``ServiceUnavailableError``; committed batches stay removed.
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
