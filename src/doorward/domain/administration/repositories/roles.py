"""The SQL of the table ``roles``."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.administration.models import Role
from doorward.domain.administration.repositories import Connection


async def list_roles(connection: Connection) -> list[Role]:
    """Find all roles: the built-in ones first, then by name."""
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, description, scopes, is_built_in, version, created_at, updated_at
            FROM roles
            ORDER BY is_built_in DESC, name
            """
        )
        return await cursor.fetchall()


async def find_role(connection: Connection, name: str) -> Role | None:
    """Find a role by its name."""
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, description, scopes, is_built_in, version, created_at, updated_at
            FROM roles
            WHERE name = %(name)s
            """,
            {"name": name},
        )
        return await cursor.fetchone()


async def lock_role(connection: Connection, name: str) -> Role | None:
    """Lock a role until the transaction ends. Grants of the role block until then."""
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, description, scopes, is_built_in, version, created_at, updated_at
            FROM roles
            WHERE name = %(name)s
            FOR UPDATE
            """,
            {"name": name},
        )
        return await cursor.fetchone()


async def lock_table(connection: Connection) -> None:
    """Lock the table until the transaction ends: other transactions that write to it wait. Reads do not wait."""
    await connection.execute("LOCK TABLE roles IN SHARE ROW EXCLUSIVE MODE")


async def count_roles(connection: Connection) -> int:
    """Count all roles."""
    cursor = await connection.execute("SELECT count(*) FROM roles")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_role(connection: Connection, *, name: str, description: str, scopes: Collection[str]) -> Role | None:
    """Store a role; return None if a role has this name."""
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            """
            INSERT INTO roles (name, description, scopes)
            VALUES (%(name)s, %(description)s, %(scopes)s)
            ON CONFLICT ON CONSTRAINT roles_pkey DO NOTHING
            RETURNING id, name, description, scopes, is_built_in, version, created_at, updated_at
            """,
            {"name": name, "description": description, "scopes": sorted(set(scopes))},
        )
        return await cursor.fetchone()


async def update_role(connection: Connection, name: str, *, description: str, scopes: Collection[str]) -> Role:
    """Change a locked role; return its new state."""
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(
            """
            UPDATE roles
            SET description = %(description)s,
                scopes = %(scopes)s,
                version = version + 1,
                updated_at = clock_timestamp()
            WHERE name = %(name)s
            RETURNING id, name, description, scopes, is_built_in, version, created_at, updated_at
            """,
            {"name": name, "description": description, "scopes": sorted(set(scopes))},
        )
        (role,) = await cursor.fetchall()
        return role


async def find_holder_of_role(connection: Connection, name: str, *, now: datetime) -> UUID | None:
    """Return the id of a user or of a live invitation with the role; None if there is none."""
    cursor = await connection.execute(
        """
        SELECT id FROM users WHERE roles @> ARRAY[%(name)s] AND roles <> '{}'
        UNION ALL
        SELECT id FROM invitations WHERE roles @> ARRAY[%(name)s] AND expires_at > %(now)s
        LIMIT 1
        """,
        {"name": name, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_role(connection: Connection, name: str) -> None:
    """Remove a role."""
    await connection.execute("DELETE FROM roles WHERE name = %(name)s", {"name": name})
