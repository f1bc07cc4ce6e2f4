"""Drop the messages of a removed or disabled endpoint, in batches."""

from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from doorward.core.batches import remove_in_batches
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Database
from doorward.domain.webhooks.repositories import Connection, messages

MESSAGES_A_BATCH: Final = 1000


async def drop_messages(database: Database[Connection], endpoint_id: UUID) -> None:
    """Remove the undelivered messages of an endpoint. Call this after the change of the endpoint is committed.

    Messages that are stored later, and all that are left while PostgreSQL does not answer, are dropped by the delivery:
    the change itself has succeeded.
    """
    remove = partial(messages.remove_messages, endpoint_id=endpoint_id)
    with suppress(ServiceUnavailableError):
        await remove_in_batches(database, remove, limit=MESSAGES_A_BATCH)
