"""All SQL of the outbox. Only PostgreSQL's clock decides when a message is due."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.domain.outbox.models import Message, NewMessage, OutboxLoad, StoredPayload

Connection = AsyncConnection[Any]


async def add_message(connection: Connection, message: NewMessage) -> None:
    """Store a message that is due at once, and remove undelivered ones of the same topic.

    If one of these is already being delivered, both are delivered.
    """
    await connection.execute(
        """
        WITH replaced AS (
            DELETE FROM outbox
            WHERE topic = %(topic)s
              AND dead_reason IS NULL
        )
        INSERT INTO outbox (message_id, channel, kind, payload, endpoint, stream, topic, expires_at)
        VALUES (
            %(message_id)s, %(channel)s, %(kind)s, %(payload)s, %(endpoint)s, %(stream)s, %(topic)s, %(expires_at)s
        )
        """,
        asdict(message),
    )


async def claim_messages(connection: Connection, *, channel: str, lease: timedelta, limit: int) -> list[Message]:
    """Claim due messages for this process until the lease ends, and count the attempt.

    Only the first 500 due messages are considered. A message in a stream waits for earlier ones of the stream, and one
    for a paused endpoint waits for the end of the pause. Rows that another process is claiming are skipped; the last
    conditions are checked again after a row is locked.
    """
    async with connection.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(
            """
            WITH due AS MATERIALIZED (
                SELECT id, endpoint, stream, due_at
                FROM outbox
                WHERE dead_reason IS NULL AND channel = %(channel)s AND due_at <= clock_timestamp()
                ORDER BY due_at, id
                LIMIT 500
            ), claimed AS MATERIALIZED (
                SELECT outbox.id
                FROM due
                JOIN outbox USING (id)
                WHERE (due.stream IS NULL OR NOT EXISTS (
                        SELECT FROM outbox AS earlier
                        WHERE earlier.stream = due.stream AND earlier.endpoint = due.endpoint
                          AND earlier.id < due.id AND earlier.dead_reason IS NULL
                    ))
                  AND (due.endpoint IS NULL OR NOT EXISTS (
                        SELECT FROM webhook_endpoints
                        WHERE webhook_endpoints.id = due.endpoint AND paused_until > clock_timestamp()
                    ))
                  AND outbox.dead_reason IS NULL AND outbox.due_at <= clock_timestamp()
                ORDER BY due.due_at, due.id
                LIMIT %(limit)s
                FOR UPDATE OF outbox SKIP LOCKED
            )
            UPDATE outbox
            SET attempts = LEAST(attempts + 1, 32000),
                due_at = clock_timestamp() + %(lease)s
            FROM claimed
            WHERE outbox.id = claimed.id
            RETURNING outbox.id, message_id, channel, kind, payload, endpoint, created_at, expires_at, attempts
            """,
            {"channel": channel, "lease": lease, "limit": limit},
        )
        return await cursor.fetchall()


async def update_blocked_messages(connection: Connection, *, channel: str, lease: timedelta) -> int:
    """Postpone due messages that must wait, so that claims need not skip them; return their number.

    Only the first 1000 due messages are considered. A message behind another of its stream becomes due together with
    that one, or when that one ends (``remove_message``, ``end_message``); a message for a paused endpoint becomes due
    after the pause. Both rows are locked, so that the end of the earlier message cannot be missed.
    """
    cursor = await connection.execute(
        """
        WITH due AS MATERIALIZED (
            SELECT id, endpoint, stream
            FROM outbox
            WHERE dead_reason IS NULL AND channel = %(channel)s AND due_at <= clock_timestamp()
              AND endpoint IS NOT NULL
            ORDER BY due_at, id
            LIMIT 1000
        ), behind AS MATERIALIZED (
            SELECT
                outbox.id,
                CASE
                    WHEN head.due_at > clock_timestamp() THEN head.due_at
                    ELSE clock_timestamp() + %(lease)s
                END AS due_at
            FROM due
            CROSS JOIN LATERAL (
                SELECT earlier.id
                FROM outbox AS earlier
                WHERE earlier.stream = due.stream AND earlier.endpoint = due.endpoint
                  AND earlier.id < due.id AND earlier.dead_reason IS NULL
                ORDER BY earlier.id
                LIMIT 1
            ) AS first
            JOIN outbox ON outbox.id = due.id
            JOIN outbox AS head ON head.id = first.id
            WHERE outbox.dead_reason IS NULL AND outbox.due_at <= clock_timestamp() AND head.dead_reason IS NULL
            FOR UPDATE OF outbox SKIP LOCKED
            FOR SHARE OF head SKIP LOCKED
        ), paused AS MATERIALIZED (
            SELECT outbox.id, webhook_endpoints.paused_until AS due_at
            FROM due
            JOIN outbox USING (id)
            JOIN webhook_endpoints ON webhook_endpoints.id = due.endpoint
            WHERE webhook_endpoints.paused_until > clock_timestamp()
              AND outbox.dead_reason IS NULL AND outbox.due_at <= clock_timestamp()
            FOR UPDATE OF outbox SKIP LOCKED
        )
        UPDATE outbox
        SET due_at = waiting.due_at
        FROM (
            SELECT id, max(due_at) AS due_at
            FROM (SELECT id, due_at FROM behind UNION ALL SELECT id, due_at FROM paused) AS each
            GROUP BY id
        ) AS waiting
        WHERE outbox.id = waiting.id
        """,
        {"channel": channel, "lease": lease},
    )
    return cursor.rowcount


async def remove_message(connection: Connection, message_id: int) -> None:
    """Remove a message that is delivered or dropped. The next one of its stream becomes due."""
    await connection.execute(
        """
        WITH removed AS (
            DELETE FROM outbox
            WHERE id = %(id)s
            RETURNING endpoint, stream
        )
        UPDATE outbox
        SET due_at = clock_timestamp()
        WHERE id = (
                SELECT later.id
                FROM outbox AS later
                JOIN removed USING (endpoint, stream)
                WHERE later.id > %(id)s AND later.dead_reason IS NULL
                ORDER BY later.id
                LIMIT 1
            )
          AND due_at > clock_timestamp()
        """,
        {"id": message_id},
    )


async def update_due_time(
    connection: Connection, message_id: int, *, claimed_attempts: int, attempts: int, delay: timedelta
) -> None:
    """Schedule another attempt of a claimed message after a delay, unless it was claimed again in the meantime."""
    await connection.execute(
        """
        UPDATE outbox
        SET attempts = %(attempts)s,
            due_at = clock_timestamp() + %(delay)s
        WHERE id = %(id)s AND attempts = %(claimed_attempts)s AND dead_reason IS NULL
        """,
        {"id": message_id, "claimed_attempts": claimed_attempts, "attempts": attempts, "delay": delay},
    )


async def end_message(
    connection: Connection, message_id: int, *, reason: str, now: datetime, keeps_payload: bool
) -> None:
    """Make a message a dead letter. The next one of its stream becomes due."""
    await connection.execute(
        """
        WITH ended AS (
            UPDATE outbox
            SET dead_reason = %(reason)s,
                died_at = %(now)s,
                payload = CASE WHEN %(keeps_payload)s THEN payload ELSE '' END
            WHERE id = %(id)s AND dead_reason IS NULL
            RETURNING endpoint, stream
        )
        UPDATE outbox
        SET due_at = clock_timestamp()
        WHERE id = (
                SELECT later.id
                FROM outbox AS later
                JOIN ended USING (endpoint, stream)
                WHERE later.id > %(id)s AND later.dead_reason IS NULL
                ORDER BY later.id
                LIMIT 1
            )
          AND due_at > clock_timestamp()
        """,
        {"id": message_id, "reason": reason, "now": now, "keeps_payload": keeps_payload},
    )


async def remove_dead_letters(connection: Connection, *, died_before: datetime, limit: int) -> int:
    """Remove up to ``limit`` old dead letters; return the number of removed ones."""
    cursor = await connection.execute(
        """
        DELETE FROM outbox
        WHERE id IN (
            SELECT id
            FROM outbox
            WHERE dead_reason IS NOT NULL AND died_at < %(died_before)s
            LIMIT %(limit)s
        )
        """,
        {"died_before": died_before, "limit": limit},
    )
    return cursor.rowcount


async def list_payloads(connection: Connection, *, after: int, limit: int) -> list[StoredPayload]:
    """Return up to ``limit`` encrypted payloads in order of their id.

    Only mails are encrypted; the payload of a dead one is erased.
    """
    async with connection.cursor(row_factory=class_row(StoredPayload)) as cursor:
        await cursor.execute(
            """
            SELECT id, message_id, payload
            FROM outbox
            WHERE id > %(after)s
              AND dead_reason IS NULL
              AND channel = 'mail'
            ORDER BY id
            LIMIT %(limit)s
            """,
            {"after": after, "limit": limit},
        )
        return await cursor.fetchall()


async def replace_payloads(
    connection: Connection, *, ids: Sequence[int], old: Sequence[bytes], new: Sequence[bytes]
) -> int:
    """Replace payloads that have not changed; return the number of replaced ones."""
    cursor = await connection.execute(
        """
        UPDATE outbox
        SET payload = replaced.new
        FROM unnest(%(ids)s::bigint[], %(old)s::bytea[], %(new)s::bytea[]) AS replaced (id, old, new)
        WHERE outbox.id = replaced.id
          AND outbox.payload = replaced.old
        """,
        {"ids": list(ids), "old": list(old), "new": list(new)},
    )
    return cursor.rowcount


async def count_messages(connection: Connection, *, channels: Sequence[str], limit: int) -> OutboxLoad:
    """Count due messages of each channel and dead letters, each up to ``limit``, which bounds the cost of the query."""
    async with connection.cursor(row_factory=class_row(OutboxLoad)) as cursor:
        await cursor.execute(
            """
            WITH due AS MATERIALIZED (
                SELECT each.due_at
                FROM unnest(%(channels)s::text[]) AS counted (channel)
                CROSS JOIN LATERAL (
                    SELECT due_at
                    FROM outbox
                    WHERE outbox.channel = counted.channel AND dead_reason IS NULL AND due_at <= clock_timestamp()
                    ORDER BY due_at, id
                    LIMIT %(limit)s
                ) AS each
            ), dead AS MATERIALIZED (
                SELECT died_at
                FROM outbox
                WHERE dead_reason IS NOT NULL
                LIMIT %(limit)s
            )
            SELECT
                (SELECT count(*) FROM due) AS due,
                COALESCE(extract(epoch FROM clock_timestamp() - (SELECT min(due_at) FROM due)), 0)::float8
                    AS oldest_seconds,
                (SELECT count(*) FROM dead) AS dead
            """,
            {"channels": list(channels), "limit": limit},
        )
        load = await cursor.fetchone()
    return load or OutboxLoad(0, 0, 0)
