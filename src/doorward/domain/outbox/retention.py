"""Use case: remove old dead letters."""

from datetime import timedelta
from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.outbox import repository

KEPT: Final = timedelta(days=14)
LETTERS_A_BATCH: Final = 1000


class DeadLetterRetention:
    """Removes dead letters after the period in which an operator can retry them."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        kept: timedelta = KEPT,
        letters_a_batch: int = LETTERS_A_BATCH,
    ) -> None:
        """Take the period for which dead letters are kept, and the maximum of letters that one statement removes."""
        self._database = database
        self._clock = clock
        self._kept = kept
        self._letters_a_batch = letters_a_batch

    async def prune(self) -> int:
        """Remove older dead letters; return the number of removed ones. Raises ``ServiceUnavailableError``."""
        remove = partial(repository.remove_dead_letters, died_before=self._clock.now() - self._kept)
        return await remove_in_batches(self._database, remove, limit=self._letters_a_batch)
