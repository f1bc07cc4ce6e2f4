"""All SQL of the outbox."""

from dataclasses import asdict
from typing import Any

from psycopg import AsyncConnection

from doorward.domain.outbox.models import NewMessage

Connection = AsyncConnection[Any]


async def add_message(connection: Connection, message: NewMessage) -> None:
    """Store a message that is due at once."""
    await connection.execute(
        """
        INSERT INTO outbox (message_id, channel, kind, payload, endpoint, stream, expires_at)
        VALUES (
            %(message_id)s, %(channel)s, %(kind)s, %(payload)s, %(endpoint)s, %(stream)s, %(expires_at)s
        )
        """,
        asdict(message),
    )
