"""The SQL of accounts that are scheduled for deletion: the table ``users``.

An account is scheduled while ``deletion_due_at`` is set. Its owner can restore it while ``is_restorable`` is set, which
deactivation by an operator unsets.
"""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.accounts.models import DueDeletion, LockedDeletion
from doorward.domain.accounts.repositories import Connection


async def deactivate_for_deletion(connection: Connection, user_id: UUID, *, due_at: datetime) -> str | None:
    """Deactivate an account until it is deleted, and end all its sessions, devices and sealed tokens by a new epoch.

    Also removes mailed tokens and a pending change of address. The owner cannot restore an account that an operator had
    deactivated before. Return the address, None if it is not verified.
    """
    cursor = await connection.execute(
        """
        WITH removed_tokens AS (
            DELETE FROM one_time_tokens
            WHERE user_id = %(user_id)s
        ), removed_change AS (
            DELETE FROM email_changes
            WHERE user_id = %(user_id)s
        )
        UPDATE users
        SET is_active = false,
            is_restorable = is_active OR is_restorable,
            deletion_due_at = %(due_at)s,
            session_epoch = session_epoch + 1,
            version = version + 1
        WHERE id = %(user_id)s
        RETURNING CASE WHEN email_verified_at IS NOT NULL THEN email END
        """,
        {"user_id": user_id, "due_at": due_at},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def lock_deletion(connection: Connection, user_id: UUID, *, now: datetime) -> LockedDeletion | None:
    """Lock an account that is scheduled for deletion and can be restored, until the transaction ends."""
    async with connection.cursor(row_factory=class_row(LockedDeletion)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, session_epoch
            FROM users
            WHERE id = %(user_id)s
              AND is_restorable
              AND NOT is_active
              AND deletion_due_at > %(now)s
            FOR NO KEY UPDATE
            """,
            {"user_id": user_id, "now": now},
        )
        return await cursor.fetchone()


async def activate_restored_user(connection: Connection, user_id: UUID) -> None:
    """Activate an account that was scheduled for deletion. Its ended sessions and tokens stay ended."""
    await connection.execute(
        """
        UPDATE users
        SET is_active = true,
            is_restorable = false,
            deletion_due_at = NULL,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )


async def list_due_users(
    connection: Connection, *, after: DueDeletion | None, now: datetime, limit: int
) -> list[DueDeletion]:
    """Find the next accounts whose deletion is due, the longest overdue first."""
    async with connection.cursor(row_factory=class_row(DueDeletion)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, deletion_due_at AS due_at
            FROM users
            WHERE deletion_due_at <= %(now)s
              AND NOT is_active
              AND (
                  %(after_id)s::uuid IS NULL
                  OR (deletion_due_at, id) > (%(after_due_at)s::timestamptz, %(after_id)s::uuid)
              )
            ORDER BY deletion_due_at, id
            LIMIT %(limit)s
            """,
            {
                "after_id": after.user_id if after else None,
                "after_due_at": after.due_at if after else None,
                "now": now,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def lock_due_user(connection: Connection, user_id: UUID, *, now: datetime) -> bool:
    """Lock an account for its removal; return whether its deletion is still due."""
    cursor = await connection.execute(
        """
        SELECT id
        FROM users
        WHERE id = %(user_id)s
          AND deletion_due_at <= %(now)s
          AND NOT is_active
        FOR UPDATE
        """,
        {"user_id": user_id, "now": now},
    )
    return await cursor.fetchone() is not None


async def remove_user(connection: Connection, user_id: UUID) -> None:
    """Delete an account. Rows of other tables that refer to it are deleted by ON DELETE CASCADE."""
    await connection.execute("DELETE FROM users WHERE id = %(user_id)s", {"user_id": user_id})
