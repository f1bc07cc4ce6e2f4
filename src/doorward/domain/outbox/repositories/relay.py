"""All SQL of the relay: the broker's subscription, and its messages in the outbox."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.domain.outbox.models import RelayedMessage

Connection = AsyncConnection[Any]


async def add_subscription(connection: Connection, subscription_id: UUID) -> None:
    """Store the broker's subscription: from now on, a message for it is stored with each event."""
    await connection.execute(
        """
        INSERT INTO rabbitmq_subscriptions (id)
        VALUES (%(id)s)
        ON CONFLICT (id) DO NOTHING
        """,
        {"id": subscription_id},
    )


async def remove_subscription(connection: Connection, subscription_id: UUID) -> bool:
    """Remove the broker's subscription: no more messages are stored for it. Return whether there was one."""
    cursor = await connection.execute(
        """
        DELETE FROM rabbitmq_subscriptions
        WHERE id = %(id)s
        """,
        {"id": subscription_id},
    )
    return cursor.rowcount == 1


async def list_oldest_messages(connection: Connection, *, limit: int) -> list[RelayedMessage]:
    """Find the messages of the broker that were stored first: those about one user in the order of their commits."""
    async with connection.cursor(row_factory=class_row(RelayedMessage)) as cursor:
        await cursor.execute(
            """
            SELECT id, message_id, kind, stream, payload
            FROM outbox
            WHERE channel = 'rabbitmq' AND dead_reason IS NULL
            ORDER BY id
            LIMIT %(limit)s
            """,
            {"limit": limit},
        )
        return await cursor.fetchall()


async def remove_messages(connection: Connection, ids: Sequence[int]) -> None:
    """Remove messages that the broker has confirmed."""
    await connection.execute(
        """
        DELETE FROM outbox
        WHERE id = ANY (%(ids)s::bigint[])
        """,
        {"ids": list(ids)},
    )


async def remove_some_messages(connection: Connection, *, limit: int) -> int:
    """Remove some of the broker's messages, sent or not; return how many."""
    cursor = await connection.execute(
        """
        DELETE FROM outbox
        WHERE id IN (
            SELECT id
            FROM outbox
            WHERE channel = 'rabbitmq' AND dead_reason IS NULL
            ORDER BY id
            LIMIT %(limit)s
        )
        """,
        {"limit": limit},
    )
    return cursor.rowcount
