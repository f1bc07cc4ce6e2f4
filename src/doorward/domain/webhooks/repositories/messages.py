"""The SQL for messages of endpoints in the table ``outbox``, except for delivery: dead letters, and removal."""

from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.webhooks.models import DeadLetter
from doorward.domain.webhooks.repositories import Connection


async def remove_messages(connection: Connection, endpoint_id: UUID, *, limit: int) -> int:
    """Remove up to ``limit`` of an endpoint's messages, including those in delivery; return their number.

    Dead letters stay.
    """
    cursor = await connection.execute(
        """
        DELETE FROM outbox
        WHERE id IN (
            SELECT id
            FROM outbox
            WHERE endpoint = %(endpoint)s AND dead_reason IS NULL
            ORDER BY id
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        """,
        {"endpoint": endpoint_id, "limit": limit},
    )
    return cursor.rowcount


async def list_dead_letters(
    connection: Connection, *, endpoint_id: UUID | None, before: int | None, limit: int
) -> list[DeadLetter]:
    """Return dead letters with ids below ``before``, newest first: of one endpoint, or of all channels."""
    async with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, message_id, channel, kind, endpoint, attempts, dead_reason AS reason, payload <> '' AS is_kept,
                created_at, died_at
            FROM outbox
            WHERE dead_reason IS NOT NULL
              AND (%(before)s::bigint IS NULL OR id < %(before)s)
              AND (%(endpoint)s::uuid IS NULL OR endpoint = %(endpoint)s)
            ORDER BY id DESC
            LIMIT %(limit)s
            """,
            {"endpoint": endpoint_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def retry_dead_letter(connection: Connection, message_id: int) -> UUID | None:
    """Schedule a dead letter whose content is kept for delivery, with the whole retry schedule.

    In its stream it is delivered before later messages. Return its endpoint; None if there was no such dead letter.
    """
    cursor = await connection.execute(
        """
        UPDATE outbox
        SET dead_reason = NULL,
            died_at = NULL,
            attempts = 0,
            due_at = clock_timestamp()
        WHERE id = %(id)s
          AND channel = 'webhook'
          AND dead_reason IS NOT NULL
          AND payload <> ''
        RETURNING endpoint
        """,
        {"id": message_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def retry_dead_letters(connection: Connection, endpoint_id: UUID, *, limit: int) -> int:
    """Schedule up to ``limit`` dead letters of an endpoint for delivery, oldest first; return their number."""
    cursor = await connection.execute(
        """
        UPDATE outbox
        SET dead_reason = NULL,
            died_at = NULL,
            attempts = 0,
            due_at = clock_timestamp()
        WHERE id IN (
            SELECT id
            FROM outbox
            WHERE endpoint = %(endpoint)s
              AND channel = 'webhook'
              AND dead_reason IS NOT NULL
              AND payload <> ''
            ORDER BY id
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        """,
        {"endpoint": endpoint_id, "limit": limit},
    )
    return cursor.rowcount
