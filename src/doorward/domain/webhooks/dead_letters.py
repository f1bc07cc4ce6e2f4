"""Use cases of administrators: list dead letters, and retry those of webhooks."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.webhooks.exceptions import DeadLetterNotFoundError, WebhookDisabledError, WebhookNotFoundError
from doorward.domain.webhooks.models import DeadLetter
from doorward.domain.webhooks.repositories import Connection, endpoints, messages

MESSAGES_A_BATCH: Final = 1000


class DeadLetters:
    """The dead letters of the outbox. They are kept for 14 days.

    Each change also raises the errors of ``lock_actor``.
    """

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self, *, endpoint_id: UUID | None, before: int | None, limit: int) -> Sequence[DeadLetter]:
        """Return up to ``limit`` dead letters, newest first. ``before`` is the last id of the previous page."""
        async with self._database.connection() as connection:
            return await messages.list_dead_letters(connection, endpoint_id=endpoint_id, before=before, limit=limit)

    async def retry(self, actor: Actor, message_id: int) -> None:
        """Retry one dead letter, with the whole retry schedule.

        Raises ``DeadLetterNotFoundError``, and for its endpoint ``WebhookNotFoundError`` or ``WebhookDisabledError``.
        """
        async with self._database.transaction() as connection:
            await lock_actor(connection, actor, AdminScope.OUTBOX_WRITE, now=self._clock.now())
            endpoint_id = await messages.retry_dead_letter(connection, message_id)
            if endpoint_id is None:
                raise DeadLetterNotFoundError
            await _lock_enabled(connection, endpoint_id)

    async def retry_all(self, actor: Actor, endpoint_id: UUID) -> int:
        """Retry all dead letters of an endpoint; return their number. Each batch has its own transaction.

        Raises ``WebhookNotFoundError``, ``WebhookDisabledError``.
        """
        total, revived = 0, MESSAGES_A_BATCH
        while revived == MESSAGES_A_BATCH:
            async with self._database.transaction() as connection:
                await lock_actor(connection, actor, AdminScope.OUTBOX_WRITE, now=self._clock.now())
                await _lock_enabled(connection, endpoint_id)
                revived = await messages.retry_dead_letters(connection, endpoint_id, limit=MESSAGES_A_BATCH)
            total += revived
        return total


async def _lock_enabled(connection: Connection, endpoint_id: UUID) -> None:
    """Lock an enabled endpoint. Messages of any other would be dropped by the delivery, and with them their content."""
    endpoint = await endpoints.lock_endpoint(connection, endpoint_id)
    if endpoint is None:
        raise WebhookNotFoundError
    if not endpoint.is_enabled:
        raise WebhookDisabledError
