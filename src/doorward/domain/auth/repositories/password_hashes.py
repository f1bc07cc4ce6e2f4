"""The SQL of the column ``password_hash`` in the table ``users``."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.passwords.models import StoredPasswords
from doorward.domain.auth.repositories import Connection


async def find_password_hash(connection: Connection, user_id: UUID) -> str | None:
    """Find the password hash of an active account."""
    cursor = await connection.execute(
        """
        SELECT password_hash
        FROM users
        WHERE id = %(user_id)s
          AND is_active
        """,
        {"user_id": user_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def find_password_hash_in_any_state(connection: Connection, user_id: UUID) -> str | None:
    """Find the password hash of an account, also of an inactive one."""
    cursor = await connection.execute(
        """
        SELECT password_hash
        FROM users
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def find_passwords(connection: Connection, identifier: str, *, now: datetime) -> StoredPasswords | None:
    """Find the account of a canonical user name or e-mail address, in any state, with the hash for each use.

    Use cases with a name and a password call it, so that attempts are counted under the account's id in every state.
    """
    async with connection.cursor(row_factory=class_row(StoredPasswords)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, session_epoch,
                   CASE WHEN is_active THEN password_hash END AS of_active,
                   CASE
                       WHEN is_restorable AND NOT is_active AND deletion_due_at > %(now)s
                       THEN password_hash
                   END AS of_restorable
            FROM users
            WHERE email_key = %(identifier)s OR username_key = %(identifier)s
            """,
            {"identifier": identifier, "now": now},
        )
        return await cursor.fetchone()


async def replace_password_hash(connection: Connection, user_id: UUID, *, old: str | None, new: str) -> None:
    """Replace the hash that was checked, unless it has changed since."""
    await connection.execute(
        """
        UPDATE users
        SET password_hash = %(new)s
        WHERE id = %(user_id)s
          AND password_hash = %(old)s
        """,
        {"user_id": user_id, "old": old, "new": new},
    )
