"""Use case of operators: end the subscription of a broker that is no longer used, to stop storing its messages."""

from typing import Final

from doorward.core.ports import Database
from doorward.domain.outbox.relay import SUBSCRIPTION
from doorward.domain.outbox.repositories import relay as repository

MESSAGES_A_BATCH: Final = 1000


async def unsubscribe(database: Database[repository.Connection]) -> int:
    """Stop storing messages for the broker, and remove unsent ones; return the number of removed messages.

    A process that still publishes subscribes again. Each batch has its own transaction, and another call removes the
    rest. Raises ``ServiceUnavailableError``.
    """
    async with database.connection() as connection:
        await repository.remove_subscription(connection, SUBSCRIPTION)
    total, removed = 0, MESSAGES_A_BATCH
    while removed == MESSAGES_A_BATCH:
        async with database.connection() as connection:
            removed = await repository.remove_some_messages(connection, limit=MESSAGES_A_BATCH)
        total += removed
    return total
