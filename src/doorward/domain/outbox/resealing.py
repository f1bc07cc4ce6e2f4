"""Use case: seal stored payloads again, under the key that seals now, so that an earlier key can be taken away."""

from collections.abc import Mapping
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.ports import Database, SealedDataError, Sealer
from doorward.domain.outbox import repository
from doorward.domain.outbox.events import PayloadsResealed
from doorward.domain.outbox.models import StoredPayload, sealing_context
from doorward.observability.logging import report

ROWS_A_BATCH: Final = 1000


@frozen
class Resealed:
    """How many payloads are sealed under the present key by now, and how many no key opens."""

    resealed: int
    unreadable: int


class OutboxResealing:
    """Goes through the messages that wait. The service may go on meanwhile, if it has the same keys."""

    def __init__(
        self, *, database: Database[repository.Connection], sealer: Sealer, rows_a_batch: int = ROWS_A_BATCH
    ) -> None:
        """Take the database, what seals with the present key and opens with all, and how many rows one batch has."""
        self._database = database
        self._sealer = sealer
        self._rows_a_batch = rows_a_batch

    async def reseal(self) -> Resealed:
        """Seal every payload again that is not sealed under the present key; return how many.

        A message that is sent or changed meanwhile is left as it is then. What no key opens is left, too: its delivery
        makes it a dead letter. Each batch is committed by itself: a second call does the rest. Raises
        ``ServiceUnavailableError``.
        """
        after, resealed, unreadable = 0, 0, 0
        while True:
            async with self._database.connection() as connection:
                batch = await repository.list_payloads(connection, after=after, limit=self._rows_a_batch)
            if not batch:
                break
            after = batch[-1].id
            outdated = [row for row in batch if not self._sealer.is_current(row.payload)]
            replaced = {row: sealed for row in outdated if (sealed := self._sealed_again(row)) is not None}
            unreadable += len(outdated) - len(replaced)
            resealed += await self._replace(replaced)
        report(PayloadsResealed(count=resealed, unreadable=unreadable))
        return Resealed(resealed, unreadable)

    def _sealed_again(self, row: StoredPayload) -> bytes | None:
        context = sealing_context(row.message_id)
        try:
            return self._sealer.seal(self._sealer.open(row.payload, context=context), context=context)
        except SealedDataError:
            return None

    async def _replace(self, replaced: Mapping[StoredPayload, bytes]) -> int:
        if not replaced:
            return 0
        async with self._database.connection() as connection:
            return await repository.replace_payloads(
                connection,
                ids=[row.id for row in replaced],
                old=[row.payload for row in replaced],
                new=list(replaced.values()),
            )
