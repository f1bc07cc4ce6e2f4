"""Use case: store the messages of past events again, for one endpoint."""

from collections.abc import Awaitable, Callable
from typing import Final

from doorward.core.ports import Database
from doorward.domain.audit import repository
from doorward.domain.audit.models import Replay

ENTRIES_A_BATCH: Final = 2000

ReplayCheck = Callable[[repository.Connection], Awaitable[object]]
"""Raises an error, in the transaction of a batch, if the actor no longer has the permission to replay."""


class AuditReplay:
    """Replays events from the whole audit log."""

    def __init__(self, *, database: Database[repository.Connection], entries_a_batch: int = ENTRIES_A_BATCH) -> None:
        """Take the database, and the number of entries for which one statement stores messages."""
        self._database = database
        self._entries_a_batch = entries_a_batch

    async def count(self, replay: Replay, *, limit: int) -> int:
        """Return the number of entries to replay, counted up to ``limit``. Raises ``ServiceUnavailableError``."""
        async with self._database.connection() as connection:
            return (await repository.get_extent(connection, replay, limit=limit)).entries

    async def replay(self, replay: Replay, admit: ReplayCheck) -> int:
        """Store the messages in the order of the entries; return their number.

        Each batch has its own transaction. If a call fails after some batches, another call stores their messages
        again. A message keeps its original id, so that receivers can detect duplicates. Raises
        ``ServiceUnavailableError``, and the errors of ``admit``.
        """
        async with self._database.connection() as connection:
            extent = await repository.get_extent(connection, replay, limit=1)
        stored, after = 0, extent.first_id - 1
        while True:
            async with self._database.transaction() as connection:
                await admit(connection)
                numbers = await repository.add_replay(connection, replay, after=after, limit=self._entries_a_batch)
            stored += len(numbers)
            if len(numbers) < self._entries_a_batch:
                return stored
            after = numbers[-1]
