"""The SQL of roles and of the users who have them: the table ``roles``, and the names in ``users.roles``."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.models import GrantedRole, Standing
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.scopes import ADMIN_ROLE

ADMINISTRATORS_LOCK: Final = 7_241_633_906
"""Key of the advisory lock that lets one transaction at a time remove an administrator. It must never change."""


async def find_standing(connection: Connection, user_id: UUID) -> Standing | None:
    """Find the current roles and scopes of a user."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, is_active, roles,
                   ARRAY(SELECT DISTINCT unnest(scopes) FROM roles WHERE name = ANY(users.roles)) AS scopes
            FROM users
            WHERE id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def lock_standing(connection: Connection, user_id: UUID) -> Standing | None:
    """Find the current roles and scopes of a user, with a shared lock of the user until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, is_active, roles,
                   ARRAY(SELECT DISTINCT unnest(scopes) FROM roles WHERE name = ANY(users.roles)) AS scopes
            FROM users
            WHERE id = %(user_id)s
            FOR SHARE OF users
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def lock_roles(connection: Connection, names: Collection[str]) -> list[GrantedRole]:
    """Find the roles with these names, with a shared lock until the transaction ends."""
    async with connection.cursor(row_factory=class_row(GrantedRole)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, scopes
            FROM roles
            WHERE name = ANY(%(names)s)
            ORDER BY name
            FOR SHARE
            """,
            {"names": sorted(names)},
        )
        return await cursor.fetchall()


async def update_roles_of_user(connection: Connection, user_id: UUID, names: Collection[str]) -> None:
    """Set the roles of a user."""
    await connection.execute(
        """
        UPDATE users
        SET roles = %(names)s,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "names": sorted(names)},
    )


async def lock_administrators(connection: Connection) -> None:
    """Take the lock for removing administrators until the transaction ends. Lock the rows of users before it."""
    await connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": ADMINISTRATORS_LOCK})


async def find_other_administrator(connection: Connection, user_id: UUID) -> UUID | None:
    """Find another active user with the role of administrators."""
    cursor = await connection.execute(
        """
        SELECT id
        FROM users
        WHERE roles @> ARRAY[%(role)s]
          AND roles <> '{}'
          AND is_active
          AND id <> %(user_id)s
        LIMIT 1
        """,
        {"user_id": user_id, "role": ADMIN_ROLE},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
