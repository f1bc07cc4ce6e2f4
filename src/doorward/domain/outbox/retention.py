"""Use case: remove dead letters that are old."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.outbox import repository

KEPT: Final = timedelta(days=14)
LETTERS_A_BATCH: Final = 1000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class DeadLetterRetention:
    """Keeps dead letters for as long as an operator may ask for them."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        kept: timedelta = KEPT,
        letters_a_batch: int = LETTERS_A_BATCH,
    ) -> None:
        """Take the database, the time, and how many letters one statement removes at most."""
        self._database = database
        self._clock = clock
        self._kept = kept
        self._letters_a_batch = letters_a_batch

    async def prune(self) -> int:
        """Remove the dead letters that are older; return how many. Raises ``ServiceUnavailableError``."""
        died_before = self._clock.now() - self._kept
        total, removed = 0, self._letters_a_batch
        while removed == self._letters_a_batch:
            async with self._database.connection() as connection:
                removed = await repository.remove_dead_letters(
                    connection, died_before=died_before, limit=self._letters_a_batch
                )
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
