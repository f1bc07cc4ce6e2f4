"""The SQL of user imports: the tables ``users`` and ``roles``."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.administration.importing.models import ImportableRole, ImportedUser
from doorward.domain.administration.repositories import Connection

IMPORT_LOCK_KEY: Final = 7_241_633_911
"""Key of the advisory lock that serializes the transactions that store users of files. It must never change."""


async def lock_imports(connection: Connection) -> None:
    """Lock imports until the transaction ends, so that two with the same users in different orders do not deadlock."""
    await connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": IMPORT_LOCK_KEY})


async def lock_roles(connection: Connection, names: Collection[str]) -> list[ImportableRole]:
    """Find the roles with these names, and lock them against changes until the transaction ends."""
    async with connection.cursor(row_factory=class_row(ImportableRole)) as cursor:
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


async def add_users(connection: Connection, users: Sequence[ImportedUser]) -> set[UUID]:
    """Store the users without conflicts with stored users and earlier users of the batch; return the ids of the stored.

    ON CONFLICT keeps addresses out of PostgreSQL's log. Role names are joined by spaces, because SQL has no arrays of
    arrays of different lengths.
    """
    cursor = await connection.execute(
        """
        INSERT INTO users (
            id, email, email_key, username, username_key, password_hash, external_id, roles, is_active, created_at,
            email_verified_at
        )
        SELECT
            id, email, email_key, username, username_key, password_hash, external_id, string_to_array(roles, ' '),
            is_active, COALESCE(created_at, now()), CASE WHEN is_verified THEN now() END
        FROM unnest(
            %(ids)s::uuid[], %(emails)s::text[], %(email_keys)s::text[], %(usernames)s::text[],
            %(username_keys)s::text[], %(password_hashes)s::text[], %(external_ids)s::text[], %(roles)s::text[],
            %(are_active)s::boolean[], %(created_at)s::timestamptz[], %(are_verified)s::boolean[]
        ) AS imported (
            id, email, email_key, username, username_key, password_hash, external_id, roles, is_active, created_at,
            is_verified
        )
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        _columns(users),
    )
    return {row[0] for row in await cursor.fetchall()}


def _columns(users: Sequence[ImportedUser]) -> dict[str, list[object]]:
    return {
        "ids": [user.id for user in users],
        "emails": [user.email for user in users],
        "email_keys": [user.email_key for user in users],
        "usernames": [user.username for user in users],
        "username_keys": [user.username_key for user in users],
        "password_hashes": [user.password_hash for user in users],
        "external_ids": [user.external_id for user in users],
        "roles": [" ".join(user.roles) for user in users],
        "are_active": [user.is_active for user in users],
        "created_at": [user.created_at for user in users],
        "are_verified": [user.is_verified for user in users],
    }


async def list_conflicts(connection: Connection, users: Sequence[ImportedUser]) -> list[str]:
    """Return for each of these users, which were not stored, the kind of conflict.

    A user whose id or external id belongs to an account with the same address was stored by an earlier import.
    """
    cursor = await connection.execute(
        """
        SELECT
            CASE
                WHEN EXISTS (
                    SELECT FROM users
                    WHERE users.external_id = rest.external_id AND users.email_key = rest.email_key
                )
                OR EXISTS (
                    SELECT FROM users
                    WHERE users.id = rest.id AND users.email_key = rest.email_key
                ) THEN 'already_imported'
                WHEN EXISTS (SELECT FROM users WHERE users.id = rest.id) THEN 'id_taken'
                WHEN EXISTS (SELECT FROM users WHERE users.external_id = rest.external_id) THEN 'external_id_taken'
                WHEN EXISTS (SELECT FROM users WHERE users.email_key = rest.email_key) THEN 'email_taken'
                ELSE 'username_taken'
            END
        FROM unnest(%(ids)s::uuid[], %(external_ids)s::text[], %(email_keys)s::text[]) WITH ORDINALITY
            AS rest (id, external_id, email_key, place)
        ORDER BY place
        """,
        {
            "ids": [user.id for user in users],
            "external_ids": [user.external_id for user in users],
            "email_keys": [user.email_key for user in users],
        },
    )
    return [row[0] for row in await cursor.fetchall()]
