"""Use case: encrypt stored payloads again under the current key, so that an earlier key can be removed."""

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
    """The number of payloads that were encrypted again, and of those that no key decrypts."""

    resealed: int
    unreadable: int


class OutboxResealing:
    """Processes all undelivered messages. The service may run at the same time, if it has the same keys."""

    def __init__(
        self, *, database: Database[repository.Connection], sealer: Sealer, rows_a_batch: int = ROWS_A_BATCH
    ) -> None:
        """Take the sealer, which encrypts with the current key and decrypts with all, and the size of a batch."""
        self._database = database
        self._sealer = sealer
        self._rows_a_batch = rows_a_batch

    async def reseal(self) -> Resealed:
        """Encrypt every payload again that is not under the current key; return the numbers.

        A message that is sent or changed in the meantime is skipped. So is a payload that no key decrypts: the attempt
        to deliver it makes it a dead letter. Each batch has its own transaction, and another call processes the rest.
        Raises ``ServiceUnavailableError``.
        """
        after, resealed, unreadable = 0, 0, 0
        while True:
            async with self._database.connection() as connection:
                batch = await repository.list_payloads(connection, after=after, limit=self._rows_a_batch)
            if not batch:
                break
            after = batch[-1].id
            outdated = [row for row in batch if not self._sealer.is_current(row.payload)]
            replaced = {row: sealed for row in outdated if (sealed := self._resealed(row)) is not None}
            unreadable += len(outdated) - len(replaced)
            resealed += await self._replace(replaced)
        report(PayloadsResealed(count=resealed, unreadable=unreadable))
        return Resealed(resealed, unreadable)

    def _resealed(self, row: StoredPayload) -> bytes | None:
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
