"""The SQL of the account columns in the table ``users``."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.accounts.models import Mailbox
from doorward.domain.accounts.repositories import Connection
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.tokens.one_time_tokens import ShownToken


async def find_mailbox_of_token(connection: Connection, shown: ShownToken, *, now: datetime) -> Mailbox | None:
    """Find the account of a token that can still be consumed."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT users.id AS user_id, users.username, users.email, users.email_key, users.is_active,
                   CASE
                       WHEN users.is_restorable AND NOT users.is_active THEN users.deletion_due_at
                   END AS restorable_until,
                   users.email_verified_at, users.locale
            FROM users
            JOIN one_time_tokens AS token ON token.user_id = users.id
            WHERE users.id = %(user_id)s
              AND token.purpose = %(purpose)s
              AND token.secret_hash = %(secret_hash)s
              AND token.expires_at > %(now)s
            """,
            {"user_id": shown.user_id, "purpose": shown.purpose.value, "secret_hash": shown.digest, "now": now},
        )
        return await cursor.fetchone()


async def find_mailbox(connection: Connection, user_id: UUID) -> Mailbox | None:
    """Find an account with an address by its id."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active,
                   CASE WHEN is_restorable AND NOT is_active THEN deletion_due_at END AS restorable_until,
                   email_verified_at, locale
            FROM users
            WHERE id = %(user_id)s
              AND email IS NOT NULL
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def find_mailbox_by_email(connection: Connection, email_key: str) -> Mailbox | None:
    """Find an account by its canonical address."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active,
                   CASE WHEN is_restorable AND NOT is_active THEN deletion_due_at END AS restorable_until,
                   email_verified_at, locale
            FROM users
            WHERE email_key = %(email_key)s
            """,
            {"email_key": email_key},
        )
        return await cursor.fetchone()


async def lock_mailbox(connection: Connection, user_id: UUID) -> Mailbox | None:
    """Find an account with an address and lock it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active,
                   CASE WHEN is_restorable AND NOT is_active THEN deletion_due_at END AS restorable_until,
                   email_verified_at, locale
            FROM users
            WHERE id = %(user_id)s
              AND email IS NOT NULL
            FOR NO KEY UPDATE
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def find_earlier_verification(connection: Connection, user_id: UUID) -> bool:
    """Return whether an address was verified before the one that an administrator set."""
    cursor = await connection.execute(
        """
        SELECT was_verified
        FROM users
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def update_email_verified(connection: Connection, user_id: UUID, *, now: datetime) -> None:
    """Mark the address of an account as verified, and remove the mark of a bounce."""
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
    """Set a password that the owner of the mailbox chose, and end all that depends on the old one.

    Removes sessions, devices, mailed tokens, and a pending change of address. Marks the address as verified, because
    the reset proves access to the mailbox. A scheduled deletion stays scheduled.
    """
    await connection.execute(
        """
        WITH removed_tokens AS (
            DELETE FROM one_time_tokens
            WHERE user_id = %(user_id)s
        ), removed_change AS (
            DELETE FROM email_changes
            WHERE user_id = %(user_id)s
        ), removed_devices AS (
            DELETE FROM devices
            WHERE user_id = %(user_id)s
        )
        UPDATE users
        SET password_hash = %(password_hash)s,
            must_change_password = false,
            session_epoch = session_epoch + 1,
            email_verified_at = COALESCE(email_verified_at, %(now)s),
            email_bounced_at = NULL,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "password_hash": password_hash, "now": now},
    )


async def replace_password(connection: Connection, user_id: UUID, *, password_hash: str) -> LockedAccount:
    """Set the password of a locked user, and end all sessions; return the account in its new epoch.

    Also removes mailed tokens and a pending change of address. The caller replaces the devices of the ended epoch, and
    stores the first one of the next.
    """
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        await cursor.execute(
            """
            WITH removed_tokens AS (
                DELETE FROM one_time_tokens
                WHERE user_id = %(user_id)s
            ), removed_change AS (
                DELETE FROM email_changes
                WHERE user_id = %(user_id)s
            )
            UPDATE users
            SET password_hash = %(password_hash)s,
                must_change_password = false,
                session_epoch = session_epoch + 1,
                version = version + 1
            WHERE id = %(user_id)s
            RETURNING id AS user_id, is_active, session_epoch, email_verified_at IS NOT NULL AS is_verified,
                      must_change_password, NULLIF(roles, '{}') AS roles,
                      NULLIF(second_factor, '{}') AS second_factor
            """,
            {"user_id": user_id, "password_hash": password_hash},
        )
        (account,) = await cursor.fetchall()
        return account


async def remove_email_change(connection: Connection, user_id: UUID) -> bool:
    """Remove a pending change of address; return whether there was one."""
    cursor = await connection.execute("DELETE FROM email_changes WHERE user_id = %(user_id)s", {"user_id": user_id})
    return cursor.rowcount == 1
