"""All SQL of the audit log."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from doorward.domain.audit.exceptions import AuditQueryTooBroadError
from doorward.domain.audit.models import AuditEntry, AuditQuery, NewEntry, Replay, ReplayExtent

Connection = AsyncConnection[Any]


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Raise ``AuditQueryTooBroadError`` if a statement in the block reaches its time limit."""
    try:
        yield
    except QueryCanceled as error:
        raise AuditQueryTooBroadError from error


async def add_entry(connection: Connection, entry: NewEntry) -> None:
    """Store an event, and a message for each receiver of events. PostgreSQL sets the event's id and time.

    The message id is the same for all receivers, and ``add_replay`` computes the same one.
    """
    json = {"data": Jsonb(entry.data), "personal": None if entry.personal is None else Jsonb(entry.personal)}
    await connection.execute(
        """
        WITH entry AS (
            INSERT INTO audit_events (type, version, user_id, actor, session_id, correlation_id, data, personal)
            VALUES (
                %(type)s, %(version)s, %(user_id)s, %(actor)s, %(session_id)s, %(correlation_id)s, %(data)s,
                %(personal)s
            )
            RETURNING
                id, type, version, user_id, session_id, correlation_id, data, occurred_at,
                event_message_id(id, type, occurred_at) AS message_id
        ), receivers AS (
            SELECT 'webhook' AS channel, id AS endpoint
            FROM webhook_endpoints
            WHERE disabled_at IS NULL AND (types IS NULL OR %(type)s = ANY (types))
            UNION ALL
            SELECT 'rabbitmq', id
            FROM rabbitmq_subscriptions
        )
        INSERT INTO outbox (message_id, channel, kind, endpoint, stream, payload)
        SELECT
            message_id, channel, type, endpoint, user_id,
            event_payload(message_id, type, version, id, occurred_at, correlation_id, user_id, session_id, data)
        FROM entry
        CROSS JOIN receivers
        """,
        {**asdict(entry), **json},
    )


async def add_replay(connection: Connection, replay: Replay, *, after: int, limit: int) -> list[int]:
    """Store messages for one endpoint again, of up to ``limit`` entries after the id ``after``; return the entry ids.

    The messages equal those that ``add_entry`` stored, except for data that was erased since.
    """
    cursor = await connection.execute(
        """
        WITH entry AS MATERIALIZED (
            SELECT
                id, type, version, user_id, session_id, correlation_id, data, occurred_at,
                event_message_id(id, type, occurred_at) AS message_id
            FROM audit_events
            WHERE id > %(after)s
              AND occurred_at >= %(since)s
              AND occurred_at < %(until)s
              AND (%(types)s::text[] IS NULL OR type = ANY (%(types)s))
            ORDER BY id
            LIMIT %(limit)s
        ), stored AS (
            INSERT INTO outbox (message_id, channel, kind, endpoint, stream, payload)
            SELECT
                message_id, 'webhook', type, %(endpoint)s, user_id,
                event_payload(message_id, type, version, id, occurred_at, correlation_id, user_id, session_id, data)
            FROM entry
            ORDER BY id
        )
        SELECT id
        FROM entry
        ORDER BY id
        """,
        {**asdict(replay), "after": after, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def get_extent(connection: Connection, replay: Replay, *, limit: int) -> ReplayExtent:
    """Count the entries of a replay up to ``limit``, and find the lowest of their ids."""
    async with connection.cursor(row_factory=class_row(ReplayExtent)) as cursor:
        await cursor.execute(
            """
            WITH entries AS MATERIALIZED (
                SELECT id
                FROM audit_events
                WHERE occurred_at >= %(since)s
                  AND occurred_at < %(until)s
                  AND (%(types)s::text[] IS NULL OR type = ANY (%(types)s))
                ORDER BY id
                LIMIT %(limit)s
            )
            SELECT count(*) AS entries, COALESCE(min(id), 0) AS first_id
            FROM entries
            """,
            {"types": replay.types, "since": replay.since, "until": replay.until, "limit": limit},
        )
        extent = await cursor.fetchone()
    return extent or ReplayExtent(0, 0)


async def remove_correlation_ids(connection: Connection, user_id: UUID) -> None:
    """Remove correlation ids, which clients choose, from undelivered messages and dead letters about a user."""
    await connection.execute(
        """
        UPDATE outbox
        SET payload = convert_to(
            (convert_from(payload, 'UTF8')::jsonb || '{"correlation_id": null}')::text, 'UTF8'
        )
        WHERE stream = %(user_id)s
          AND channel IN ('webhook', 'rabbitmq')
          AND payload <> ''
        """,
        {"user_id": user_id},
    )


async def allow_erasure(connection: Connection) -> None:
    """Allow UPDATE of the audit log in this transaction. Otherwise, the table's trigger refuses it."""
    await connection.execute("SELECT pg_catalog.set_config('doorward.audit_change', 'erasure', true)")


async def remove_personal_facts(connection: Connection, user_id: UUID) -> int:
    """Remove personal data from the entries about a user; return the number of changed entries.

    Correlation ids are removed, too: clients choose them, so they may contain a name.
    """
    cursor = await connection.execute(
        """
        UPDATE audit_events
        SET personal = NULL,
            correlation_id = NULL
        WHERE user_id = %(user_id)s
          AND (personal IS NOT NULL OR correlation_id IS NOT NULL)
        """,
        {"user_id": user_id},
    )
    return cursor.rowcount


async def list_entries_about(connection: Connection, user_id: UUID) -> AsyncGenerator[AuditEntry]:
    """Yield the entries about a user in order, with a server-side cursor. Call this in a transaction."""
    async with connection.cursor("audit_of_user", row_factory=class_row(AuditEntry)) as cursor:
        await cursor.execute(
            """
            SELECT id, type, version, user_id, actor, session_id, correlation_id, data, personal, occurred_at
            FROM audit_events
            WHERE user_id = %(user_id)s
            ORDER BY id
            """,
            {"user_id": user_id},
        )
        async for entry in cursor:
            yield entry


async def list_entries(
    connection: Connection, query: AuditQuery, *, before: int | None, limit: int
) -> list[AuditEntry]:
    """Return entries with ids below ``before``, newest first.

    The statement is not prepared, so that it is planned for its values: with a user or a time, it uses an index. Raises
    ``AuditQueryTooBroadError`` at the time limit of a statement.
    """
    async with _in_time(), connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        await cursor.execute(
            """
            SELECT id, type, version, user_id, actor, session_id, correlation_id, data, personal, occurred_at
            FROM audit_events
            WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
              AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
              AND (%(type)s::text IS NULL OR type = %(type)s)
              AND (%(actor)s::text IS NULL OR actor = %(actor)s)
              AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
              AND (%(until)s::timestamptz IS NULL OR occurred_at < %(until)s)
            ORDER BY id DESC
            LIMIT %(limit)s
            """,
            {**asdict(query), "before": before, "limit": limit},
            prepare=False,
        )
        return await cursor.fetchall()


async def allow_removal(connection: Connection) -> None:
    """Allow DELETE from the audit log in this transaction. Otherwise, the table's trigger refuses it."""
    await connection.execute("SELECT pg_catalog.set_config('doorward.audit_change', 'retention', true)")


async def remove_oldest_entries(connection: Connection, *, older_than: datetime, limit: int) -> int:
    """Remove those of the first ``limit`` entries that are older than ``older_than``; return their number.

    Ids are in the order of time, except for overlapping transactions. A result below ``limit`` therefore means that the
    remaining entries are younger.
    """
    cursor = await connection.execute(
        """
        WITH oldest AS (
            SELECT id, occurred_at
            FROM audit_events
            ORDER BY id
            LIMIT %(limit)s
        )
        DELETE FROM audit_events
        USING oldest
        WHERE audit_events.id = oldest.id
          AND oldest.occurred_at < %(older_than)s
        """,
        {"older_than": older_than, "limit": limit},
    )
    return cursor.rowcount
