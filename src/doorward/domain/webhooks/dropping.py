"""Drop the messages of an endpoint that gets none any more, in batches."""

import asyncio
from typing import Final
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.webhooks.repositories import Connection, messages

MESSAGES_A_BATCH: Final = 1000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


async def drop_messages(database: Database[Connection], endpoint_id: UUID) -> None:
    """Remove the messages that wait for an endpoint. What it misses, the delivery drops.

    Raises ``ServiceUnavailableError``.
    """
    removed = MESSAGES_A_BATCH
    while removed == MESSAGES_A_BATCH:
        async with database.connection() as connection:
            removed = await messages.remove_messages(connection, endpoint_id, limit=MESSAGES_A_BATCH)
        await asyncio.sleep(PAUSE_SECONDS)
