"""The SQL that ends the sessions of all users, a batch of rows at a time."""

from datetime import datetime
from uuid import UUID

from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection


async def end_sessions(
    connection: Connection, *, after: UUID, limit: int, now: datetime, reason: EndReason
) -> list[UUID]:
    """End the next sessions of all users in the order of their ids; return their ids."""
    cursor = await connection.execute(
        """
        WITH next AS (
            SELECT id
            FROM sessions
            WHERE id > %(after)s
              AND ended_at IS NULL
            ORDER BY id
            LIMIT %(limit)s
            FOR UPDATE
        )
        UPDATE sessions
        SET ended_at = %(now)s,
            end_reason = %(reason)s
        FROM next
        WHERE sessions.id = next.id
        RETURNING sessions.id
        """,
        {"after": after, "limit": limit, "now": now, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]


async def end_epochs(connection: Connection, *, after: UUID, limit: int) -> list[UUID]:
    """End everything that depends on the epoch of the next users, in the order of their ids; return their ids."""
    cursor = await connection.execute(
        """
        WITH next AS (
            SELECT id
            FROM users
            WHERE id > %(after)s
            ORDER BY id
            LIMIT %(limit)s
            FOR NO KEY UPDATE
        )
        UPDATE users
        SET session_epoch = session_epoch + 1
        FROM next
        WHERE users.id = next.id
        RETURNING users.id
        """,
        {"after": after, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]
