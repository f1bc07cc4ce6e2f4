"""The SQL by which administrators read and change the table ``webhook_endpoints``."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.webhooks.models import DisabledReason, Endpoint, EndpointContent, NewEndpoint, StoredSecrets
from doorward.domain.webhooks.repositories import Connection


async def lock_table(connection: Connection) -> None:
    """Lock the table against writes of other transactions until this one ends. Reads do not wait."""
    await connection.execute("LOCK TABLE webhook_endpoints IN SHARE ROW EXCLUSIVE MODE")


async def count_endpoints(connection: Connection) -> int:
    """Count all endpoints."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM webhook_endpoints
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_endpoint(connection: Connection, endpoint: NewEndpoint) -> None:
    """Store an endpoint."""
    await connection.execute(
        """
        INSERT INTO webhook_endpoints (
            id, url, description, types, secret, created_at, updated_at, disabled_at, disabled_reason
        )
        VALUES (
            %(id)s, %(url)s, %(description)s, %(types)s, %(secret)s, %(created_at)s, %(created_at)s, %(disabled_at)s,
            %(disabled_reason)s
        )
        """,
        asdict(endpoint),
    )


async def list_endpoints(connection: Connection) -> list[Endpoint]:
    """Return all endpoints, oldest first."""
    async with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, url, description, types, version, created_at, updated_at, disabled_at, disabled_reason,
                failing_since
            FROM webhook_endpoints
            ORDER BY created_at, id
            """
        )
        return await cursor.fetchall()


async def find_endpoint(connection: Connection, endpoint_id: UUID) -> Endpoint | None:
    """Return an endpoint."""
    async with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, url, description, types, version, created_at, updated_at, disabled_at, disabled_reason,
                failing_since
            FROM webhook_endpoints
            WHERE id = %(id)s
            """,
            {"id": endpoint_id},
        )
        return await cursor.fetchone()


async def lock_endpoint(connection: Connection, endpoint_id: UUID) -> Endpoint | None:
    """Return an endpoint, and lock it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, url, description, types, version, created_at, updated_at, disabled_at, disabled_reason,
                failing_since
            FROM webhook_endpoints
            WHERE id = %(id)s
            FOR UPDATE
            """,
            {"id": endpoint_id},
        )
        return await cursor.fetchone()


async def update_endpoint(
    connection: Connection,
    endpoint_id: UUID,
    content: EndpointContent,
    *,
    now: datetime,
    disabled_at: datetime | None,
    disabled_reason: DisabledReason | None,
) -> None:
    """Replace the content of an endpoint, increment its version, and reset its recorded failures."""
    await connection.execute(
        """
        UPDATE webhook_endpoints
        SET url = %(url)s,
            description = %(description)s,
            types = %(types)s,
            version = version + 1,
            updated_at = %(now)s,
            disabled_at = %(disabled_at)s,
            disabled_reason = %(disabled_reason)s,
            failing_since = NULL,
            faults = 0,
            paused_until = NULL
        WHERE id = %(id)s
        """,
        {
            "id": endpoint_id,
            "url": content.url,
            "description": content.description,
            "types": None if content.types is None else list(content.types),
            "now": now,
            "disabled_at": disabled_at,
            "disabled_reason": disabled_reason,
        },
    )


async def replace_secret(
    connection: Connection, endpoint_id: UUID, *, secret: bytes, previous_until: datetime, now: datetime
) -> None:
    """Replace the secret. The old one also signs until ``previous_until``."""
    await connection.execute(
        """
        UPDATE webhook_endpoints
        SET previous_secret = secret,
            previous_secret_until = %(previous_until)s,
            secret = %(secret)s,
            version = version + 1,
            updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {"id": endpoint_id, "secret": secret, "previous_until": previous_until, "now": now},
    )


async def remove_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """Remove an endpoint with its secrets."""
    await connection.execute(
        """
        DELETE FROM webhook_endpoints
        WHERE id = %(id)s
        """,
        {"id": endpoint_id},
    )


async def list_secrets(connection: Connection, *, now: datetime) -> list[StoredSecrets]:
    """Return the encrypted secrets of all endpoints, without previous secrets that have expired."""
    async with connection.cursor(row_factory=class_row(StoredSecrets)) as cursor:
        await cursor.execute(
            """
            SELECT
                id, secret, CASE WHEN previous_secret_until > %(now)s THEN previous_secret END AS previous_secret
            FROM webhook_endpoints
            ORDER BY id
            """,
            {"now": now},
        )
        return await cursor.fetchall()


async def replace_sealed_secrets(connection: Connection, *, old: StoredSecrets, new: StoredSecrets) -> bool:
    """Store newly encrypted secrets, unless they were rotated in the meantime; return whether they were stored.

    Each rotation changes the current one, so only that one is compared. An expired previous secret is removed.
    """
    cursor = await connection.execute(
        """
        UPDATE webhook_endpoints
        SET secret = %(secret)s,
            previous_secret = %(previous_secret)s
        WHERE id = %(id)s
          AND secret = %(old_secret)s
        """,
        {
            "id": old.id,
            "secret": new.secret,
            "previous_secret": new.previous_secret,
            "old_secret": old.secret,
        },
    )
    return cursor.rowcount == 1
