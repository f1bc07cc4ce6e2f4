"""The SQL of an account's own columns in the table ``users``."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.accounts.models import Mailbox
from doorward.domain.accounts.repositories import Connection


async def find_mailbox(connection: Connection, user_id: UUID) -> Mailbox | None:
    """Find an account by its id."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active, email_verified_at, locale
            FROM users
            WHERE id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def find_mailbox_by_email(connection: Connection, email_key: str) -> Mailbox | None:
    """Find an account by its canonical address."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active, email_verified_at, locale
            FROM users
            WHERE email_key = %(email_key)s
            """,
            {"email_key": email_key},
        )
        return await cursor.fetchone()


async def lock_mailbox(connection: Connection, user_id: UUID) -> Mailbox | None:
    """Find an account and lock it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active, email_verified_at, locale
            FROM users
            WHERE id = %(user_id)s
            FOR NO KEY UPDATE
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def update_email_verified(connection: Connection, user_id: UUID, *, now: datetime) -> None:
    """Store that the address of an account is its owner's. A delivery has reached it, too."""
    await connection.execute(
        """
        UPDATE users
        SET email_verified_at = %(now)s,
            email_bounced_at = NULL,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "now": now},
    )


async def replace_forgotten_password(
    connection: Connection, user_id: UUID, *, password_hash: str, now: datetime
) -> None:
    """Set a password that the owner of the mailbox chose, and end everything that the old one began.

    Whoever reset it reads the mailbox: the address is verified with it.
    """
    await connection.execute(
        """
        UPDATE users
        SET password_hash = %(password_hash)s,
            session_epoch = session_epoch + 1,
            email_verified_at = COALESCE(email_verified_at, %(now)s),
            email_bounced_at = NULL,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "password_hash": password_hash, "now": now},
    )


async def replace_password(connection: Connection, user_id: UUID, *, password_hash: str) -> int:
    """Set a password and end all sessions of the user; return the epoch of those to come."""
    cursor = await connection.execute(
        """
        UPDATE users
        SET password_hash = %(password_hash)s,
            session_epoch = session_epoch + 1,
            version = version + 1
        WHERE id = %(user_id)s
        RETURNING session_epoch
        """,
        {"user_id": user_id, "password_hash": password_hash},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def remove_devices(connection: Connection, user_id: UUID) -> None:
    """Forget the devices of a user."""
    await connection.execute("DELETE FROM devices WHERE user_id = %(user_id)s", {"user_id": user_id})


async def remove_email_change(connection: Connection, user_id: UUID) -> bool:
    """Drop a change of address that was not confirmed yet; return whether there was one."""
    cursor = await connection.execute("DELETE FROM email_changes WHERE user_id = %(user_id)s", {"user_id": user_id})
    return cursor.rowcount == 1
