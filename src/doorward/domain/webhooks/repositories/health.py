"""The SQL for the health of endpoints in ``webhook_endpoints``. Pauses use PostgreSQL's clock, as the outbox does."""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.webhooks.models import DeliveryTarget, DisabledReason
from doorward.domain.webhooks.repositories import Connection


async def find_target(connection: Connection, endpoint_id: UUID, *, now: datetime) -> DeliveryTarget | None:
    """Return the data of an endpoint for delivery."""
    async with connection.cursor(row_factory=class_row(DeliveryTarget)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, url, disabled_at IS NULL AS is_enabled, secret,
                CASE WHEN previous_secret_until > %(now)s THEN previous_secret END AS previous_secret,
                faults, COALESCE(paused_until > clock_timestamp(), false) AS is_paused, failing_since
            FROM webhook_endpoints
            WHERE id = %(id)s
            """,
            {"id": endpoint_id, "now": now},
        )
        return await cursor.fetchone()


async def lock_target(connection: Connection, endpoint_id: UUID, *, now: datetime) -> DeliveryTarget | None:
    """Return the data of an endpoint for delivery, and lock it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(DeliveryTarget)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, url, disabled_at IS NULL AS is_enabled, secret,
                CASE WHEN previous_secret_until > %(now)s THEN previous_secret END AS previous_secret,
                faults, COALESCE(paused_until > clock_timestamp(), false) AS is_paused, failing_since
            FROM webhook_endpoints
            WHERE id = %(id)s
            FOR UPDATE
            """,
            {"id": endpoint_id, "now": now},
        )
        return await cursor.fetchone()


async def claim_probe(connection: Connection, endpoint_id: UUID, *, duration: timedelta) -> bool:
    """Pause an endpoint for all messages except one; return whether the caller may send that one."""
    cursor = await connection.execute(
        """
        UPDATE webhook_endpoints
        SET paused_until = clock_timestamp() + %(duration)s
        WHERE id = %(id)s
          AND (paused_until IS NULL OR paused_until <= clock_timestamp())
        """,
        {"id": endpoint_id, "duration": duration},
    )
    return cursor.rowcount == 1


async def remove_failures(connection: Connection, endpoint_id: UUID) -> None:
    """Reset the recorded failures, after the endpoint has accepted a message."""
    await connection.execute(
        """
        UPDATE webhook_endpoints
        SET failing_since = NULL,
            faults = 0,
            paused_until = NULL
        WHERE id = %(id)s
        """,
        {"id": endpoint_id},
    )


async def update_failures(
    connection: Connection, endpoint_id: UUID, *, failing_since: datetime, faults: int, pause: timedelta | None
) -> None:
    """Store since when an endpoint has failed, the number of calls without an answer, and the pause."""
    await connection.execute(
        """
        UPDATE webhook_endpoints
        SET failing_since = %(failing_since)s,
            faults = %(faults)s,
            paused_until = clock_timestamp() + %(pause)s::interval
        WHERE id = %(id)s
        """,
        {"id": endpoint_id, "failing_since": failing_since, "faults": faults, "pause": pause},
    )


async def disable_endpoint(connection: Connection, endpoint_id: UUID, *, reason: DisabledReason, now: datetime) -> None:
    """Disable an endpoint."""
    await connection.execute(
        """
        UPDATE webhook_endpoints
        SET disabled_at = %(now)s,
            disabled_reason = %(reason)s,
            version = version + 1,
            updated_at = %(now)s
        WHERE id = %(id)s AND disabled_at IS NULL
        """,
        {"id": endpoint_id, "reason": reason, "now": now},
    )


async def list_administrators(connection: Connection, *, role: str, limit: int) -> list[UUID]:
    """Return active users with a role, oldest accounts first."""
    cursor = await connection.execute(
        """
        SELECT id
        FROM users
        WHERE roles @> ARRAY[%(role)s]
          AND roles <> '{}'
          AND is_active
        ORDER BY created_at, id
        LIMIT %(limit)s
        """,
        {"role": role, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]
