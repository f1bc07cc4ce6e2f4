"""The table ``oauth_resources``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.oauth.models import Resource, ResourceContent
from doorward.domain.oauth.repositories import Connection


async def lock_table(connection: Connection) -> None:
    """Lock the table until the transaction ends. Other transactions that write to it wait; reads do not."""
    await connection.execute("LOCK TABLE oauth_resources IN SHARE ROW EXCLUSIVE MODE")


async def count_resources(connection: Connection) -> int:
    """Count all stored resources."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM oauth_resources
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_resource(
    connection: Connection, resource_id: UUID, content: ResourceContent, *, now: datetime
) -> Resource | None:
    """Store a resource and return it; None if its identifier is in use."""
    async with connection.cursor(row_factory=class_row(Resource)) as cursor:
        await cursor.execute(
            """
            INSERT INTO oauth_resources (id, identifier, scopes, algorithm, introspection_client_id, created_at)
            VALUES (
                %(id)s, %(identifier)s, %(scopes)s, %(algorithm)s, %(introspection_client_id)s, %(now)s
            )
            ON CONFLICT ON CONSTRAINT oauth_resources_identifier_key DO NOTHING
            RETURNING id, identifier, scopes, algorithm, introspection_client_id, created_at
            """,
            {
                "id": resource_id,
                "identifier": content.identifier,
                "scopes": list(content.scopes),
                "algorithm": content.algorithm,
                "introspection_client_id": content.introspection_client_id,
                "now": now,
            },
        )
        return await cursor.fetchone()


async def list_resources(connection: Connection) -> Sequence[Resource]:
    """Find all stored resources, ordered by identifier."""
    async with connection.cursor(row_factory=class_row(Resource)) as cursor:
        await cursor.execute(
            """
            SELECT id, identifier, scopes, algorithm, introspection_client_id, created_at
            FROM oauth_resources
            ORDER BY identifier
            """
        )
        return await cursor.fetchall()


async def find_resource(connection: Connection, identifier: str) -> Resource | None:
    """Find a resource by its identifier."""
    async with connection.cursor(row_factory=class_row(Resource)) as cursor:
        await cursor.execute(
            """
            SELECT id, identifier, scopes, algorithm, introspection_client_id, created_at
            FROM oauth_resources
            WHERE identifier = %(identifier)s
            """,
            {"identifier": identifier},
        )
        return await cursor.fetchone()


async def list_known_identifiers(connection: Connection, identifiers: Collection[str]) -> Sequence[str]:
    """Return those of the identifiers for which a resource is stored."""
    cursor = await connection.execute(
        """
        SELECT identifier
        FROM oauth_resources
        WHERE identifier = ANY(%(identifiers)s)
        """,
        {"identifiers": list(identifiers)},
    )
    return [row[0] for row in await cursor.fetchall()]


async def remove_resource(connection: Connection, resource_id: UUID) -> bool:
    """Remove a resource; return whether it existed."""
    cursor = await connection.execute(
        """
        DELETE FROM oauth_resources
        WHERE id = %(id)s
        """,
        {"id": resource_id},
    )
    return cursor.rowcount == 1
