"""The SQL of the table ``email_changes``: at most one pending change of the e-mail address per user."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from doorward.domain.accounts.models import Mailbox, PendingEmailChange
from doorward.domain.accounts.repositories import Connection
from doorward.domain.auth.models import LockedAccount


async def add_change(connection: Connection, change: PendingEmailChange) -> None:
    """Store a change, replacing a pending one and its confirmations."""
    await connection.execute(
        """
        INSERT INTO email_changes (
            user_id, email, email_key, old_confirmed_at, new_confirmed_at, created_at, expires_at
        )
        VALUES (
            %(user_id)s, %(email)s, %(email_key)s, %(old_confirmed_at)s, %(new_confirmed_at)s, %(created_at)s,
            %(expires_at)s
        )
        ON CONFLICT ON CONSTRAINT email_changes_pkey DO UPDATE
        SET email = excluded.email,
            email_key = excluded.email_key,
            old_confirmed_at = excluded.old_confirmed_at,
            new_confirmed_at = excluded.new_confirmed_at,
            created_at = excluded.created_at,
            expires_at = excluded.expires_at
        """,
        asdict(change),
    )


async def find_change(connection: Connection, user_id: UUID, *, now: datetime) -> PendingEmailChange | None:
    """Find the pending change, if it has not expired."""
    async with connection.cursor(row_factory=class_row(PendingEmailChange)) as cursor:
        await cursor.execute(
            """
            SELECT user_id, email, email_key, created_at, expires_at, old_confirmed_at, new_confirmed_at
            FROM email_changes
            WHERE user_id = %(user_id)s
              AND expires_at > %(now)s
            """,
            {"user_id": user_id, "now": now},
        )
        return await cursor.fetchone()


async def update_confirmations(connection: Connection, change: PendingEmailChange) -> None:
    """Store which mailboxes have confirmed a change."""
    await connection.execute(
        """
        UPDATE email_changes
        SET old_confirmed_at = %(old_confirmed_at)s,
            new_confirmed_at = %(new_confirmed_at)s
        WHERE user_id = %(user_id)s
        """,
        {
            "user_id": change.user_id,
            "old_confirmed_at": change.old_confirmed_at,
            "new_confirmed_at": change.new_confirmed_at,
        },
    )


async def lock_mailbox(connection: Connection, user_id: UUID) -> Mailbox | None:
    """Lock an account with an address until the transaction ends, as strongly as changing the address needs."""
    async with connection.cursor(row_factory=class_row(Mailbox)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, username, email, email_key, is_active,
                   CASE WHEN is_restorable AND NOT is_active THEN deletion_due_at END AS restorable_until,
                   email_verified_at, locale
            FROM users
            WHERE id = %(user_id)s
              AND email IS NOT NULL
            FOR UPDATE
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def replace_email(connection: Connection, change: PendingEmailChange, *, now: datetime) -> LockedAccount | None:
    """Set the new address of an account, verified, and end all its sessions; return the account in its new epoch.

    Also removes the change and all mailed tokens. None if another account has the address: then roll back. The
    condition detects that without an error, because PostgreSQL's log shows the key of a violated constraint. The
    constraint decides only between concurrent changes to one address.
    """
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        try:
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
                SET email = %(email)s,
                    email_key = %(email_key)s,
                    email_verified_at = %(now)s,
                    email_bounced_at = NULL,
                    session_epoch = session_epoch + 1,
                    version = version + 1
                WHERE id = %(user_id)s
                  AND NOT EXISTS (
                      SELECT
                      FROM users AS other
                      WHERE other.email_key = %(email_key)s
                        AND other.id <> %(user_id)s
                  )
                RETURNING id AS user_id, is_active, session_epoch, true AS is_verified, must_change_password,
                          NULLIF(roles, '{}') AS roles, NULLIF(second_factor, '{}') AS second_factor
                """,
                {"user_id": change.user_id, "email": change.email, "email_key": change.email_key, "now": now},
            )
        except UniqueViolation:
            return None
        return await cursor.fetchone()


async def replace_email_unverified(connection: Connection, user_id: UUID, *, email: str, email_key: str) -> bool:
    """Set an unverified address of an account, and end all its sessions. Records whether an address was ever verified.

    Return whether no other account has the address; if one has, end the transaction. As in ``replace_email``, the
    constraint decides only between concurrent changes.
    """
    try:
        cursor = await connection.execute(
            """
            UPDATE users
            SET was_verified = was_verified OR email_verified_at IS NOT NULL,
                email = %(email)s,
                email_key = %(email_key)s,
                email_verified_at = NULL,
                email_bounced_at = NULL,
                session_epoch = session_epoch + 1,
                version = version + 1
            WHERE id = %(user_id)s
              AND NOT EXISTS (
                  SELECT
                  FROM users AS other
                  WHERE other.email_key = %(email_key)s
                    AND other.id <> %(user_id)s
              )
            """,
            {"user_id": user_id, "email": email, "email_key": email_key},
        )
    except UniqueViolation:
        return False
    return cursor.rowcount == 1


async def remove_expired_changes(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove expired changes, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT user_id
            FROM email_changes
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM email_changes
        USING expired
        WHERE email_changes.user_id = expired.user_id
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
