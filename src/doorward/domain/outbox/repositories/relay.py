"""All SQL of the relay: the broker's subscription, and the messages for the broker in the outbox."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.domain.outbox.models import RelayedMessage

Connection = AsyncConnection[Any]


async def add_subscription(connection: Connection, subscription_id: UUID) -> None:
    """Store the broker's subscription, so that a message for it is stored with each event from now on."""
    await connection.execute(
        """
        INSERT INTO rabbitmq_subscriptions (id)
        VALUES (%(id)s)
        ON CONFLICT (id) DO NOTHING
        """,
        {"id": subscription_id},
    )


async def remove_subscription(connection: Connection, subscription_id: UUID) -> bool:
    """Remove the broker's subscription, so that no more messages are stored for it; return whether it existed."""
    cursor = await connection.execute(
        """
        DELETE FROM rabbitmq_subscriptions
        WHERE id = %(id)s
        """,
        {"id": subscription_id},
    )
    return cursor.rowcount == 1


async def list_oldest_messages(connection: Connection, *, limit: int) -> list[RelayedMessage]:
    """Return the oldest messages for the broker. Messages about one user are in the order of their commits."""
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
    """Remove up to ``limit`` messages for the broker, sent or unsent; return the number of removed ones."""
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
