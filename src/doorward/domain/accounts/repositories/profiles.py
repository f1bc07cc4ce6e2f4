"""The SQL of an account as its owner reads and renames it: the table ``users``."""

from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from doorward.domain.accounts.models import LockedName, Profile
from doorward.domain.accounts.repositories import Connection


async def find_profile(connection: Connection, user_id: UUID, *, session_id: UUID, now: datetime) -> Profile | None:
    """Find an account, with the data that its owner sees in this session."""
    async with connection.cursor(row_factory=class_row(Profile)) as cursor:
        await cursor.execute(
            """
            SELECT users.id, users.email, users.email_verified_at, users.email_bounced_at, users.username,
                   users.created_at, users.version,
                   email_changes.email AS pending_email,
                   (
                       SELECT max(earlier.created_at)
                       FROM sessions AS current
                       JOIN sessions AS earlier ON earlier.user_id = current.user_id
                       WHERE current.id = %(session_id)s
                         AND earlier.user_id = %(user_id)s
                         AND earlier.created_at < current.created_at
                   ) AS previous_login
            FROM users
            LEFT JOIN email_changes ON email_changes.user_id = users.id AND email_changes.expires_at > %(now)s
            WHERE users.id = %(user_id)s
            """,
            {"user_id": user_id, "session_id": session_id, "now": now},
        )
        return await cursor.fetchone()


async def lock_name(connection: Connection, user_id: UUID) -> LockedName | None:
    """Lock an account until the transaction ends, with the lock that changing its name needs."""
    async with connection.cursor(row_factory=class_row(LockedName)) as cursor:
        await cursor.execute(
            """
            SELECT username, version
            FROM users
            WHERE id = %(user_id)s
            FOR UPDATE
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def update_username(connection: Connection, user_id: UUID, *, username: str) -> bool:
    """Set the user name of an account; return False if another account has it: then end the transaction.

    The condition detects a taken name without an error, because PostgreSQL's log shows the key of a violated
    constraint. The constraint decides only between concurrent changes to one name.
    """
    try:
        cursor = await connection.execute(
            """
            UPDATE users
            SET username = %(username)s,
                username_key = %(username_key)s,
                version = version + 1
            WHERE id = %(user_id)s
              AND NOT EXISTS (
                  SELECT
                  FROM users AS other
                  WHERE other.username_key = %(username_key)s
                    AND other.id <> %(user_id)s
              )
            """,
            {"user_id": user_id, "username": username, "username_key": username.lower()},
        )
    except UniqueViolation:
        return False
    return cursor.rowcount == 1
