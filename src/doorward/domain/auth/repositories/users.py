"""The SQL of accounts: the table ``users``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.models import Credentials, LockedAccount, NamedUser, User
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.refresh_token import hash_secret

SESSIONS_LOOKED_AT: Final = 1000
"""Maximum number of a user's sessions that are searched for a known address: some tenth of a millisecond."""


async def add_user(
    connection: Connection, user: User, *, email_key: str, password_hash: str, verified_at: datetime | None = None
) -> None:
    """Store a new account if its address and its name are free, which ``lock_holder`` shows.

    ``verified_at`` is when the address was verified, None if it is not yet. ON CONFLICT keeps the address out of
    PostgreSQL's log, where an error would show it.
    """
    keys = {"email_key": email_key, "username_key": user.username.lower()}
    await connection.execute(
        """
        INSERT INTO users (
            id, email, email_key, username, username_key, password_hash, is_active, email_verified_at
        )
        VALUES (
            %(id)s, %(email)s, %(email_key)s, %(username)s, %(username_key)s, %(password_hash)s, %(is_active)s,
            %(verified_at)s
        )
        ON CONFLICT DO NOTHING
        """,
        {**asdict(user), **keys, "password_hash": password_hash, "verified_at": verified_at},
    )


async def lock_holder(connection: Connection, *, email_key: str, username_key: str) -> tuple[UUID, bool] | None:
    """Lock the account that has this address, or else this name; return its id, and whether it has the address."""
    cursor = await connection.execute(
        """
        SELECT id, email_key IS NOT DISTINCT FROM %(email_key)s AS has_email
        FROM users
        WHERE email_key = %(email_key)s OR username_key = %(username_key)s
        ORDER BY has_email DESC
        LIMIT 1
        FOR KEY SHARE
        """,
        {"email_key": email_key, "username_key": username_key},
    )
    return await cursor.fetchone()


async def find_credentials(
    connection: Connection,
    identifier: str | UUID,
    *,
    device: DeviceToken | None,
    address: str | None,
    trusted_since: datetime | None,
    now: datetime,
) -> Credentials | None:
    """Find the credentials of a canonical user name or e-mail address, or of a user's id.

    ``device`` is the token that the client sent, ``address`` the recorded part of its address. A device is trusted if
    it showed a second factor after ``trusted_since``; with None, no device is. At most ``SESSIONS_LOOKED_AT`` rows of
    a user are read, so that the time does not reveal how many there are.
    """
    async with connection.cursor(row_factory=class_row(Credentials)) as cursor:
        await cursor.execute(
            """
            SELECT users.id AS user_id, users.password_hash, users.is_active, users.session_epoch,
                   users.must_change_password, NULLIF(users.second_factor, '{}') AS second_factor,
                   EXISTS (
                       SELECT FROM devices
                       WHERE devices.user_id = users.id AND devices.epoch = users.session_epoch
                         AND devices.id = %(device_id)s AND devices.secret_hash = %(secret_hash)s
                   ) AS knows_device,
                   EXISTS (
                       SELECT FROM devices
                       WHERE devices.user_id = users.id AND devices.epoch = users.session_epoch
                         AND devices.id = %(device_id)s AND devices.secret_hash = %(secret_hash)s
                         AND devices.trusted_at > %(trusted_since)s
                   ) AS trusts_device,
                   EXISTS (
                       SELECT FROM (
                           SELECT sessions.address, sessions.epoch, sessions.ended_at, sessions.expires_at
                           FROM sessions WHERE sessions.user_id = users.id LIMIT %(most)s
                       ) AS session
                       WHERE session.address = %(address)s AND session.epoch = users.session_epoch
                         AND session.ended_at IS NULL AND session.expires_at > %(now)s
                   ) AS knows_address,
                   EXISTS (SELECT FROM sessions WHERE sessions.user_id = users.id)
                   OR EXISTS (SELECT FROM devices WHERE devices.user_id = users.id) AS has_logged_in,
                   CASE
                       WHEN users.is_restorable AND NOT users.is_active AND users.deletion_due_at > %(now)s
                       THEN users.deletion_due_at
                   END AS deletes_at,
                   CASE WHEN users.email_verified_at IS NOT NULL THEN users.email END AS verified_email
            FROM users
            WHERE users.email_key = %(name)s OR users.username_key = %(name)s OR users.id = %(user_id)s
            """,
            {
                **_shown(device),
                "name": None if isinstance(identifier, UUID) else identifier,
                "user_id": identifier if isinstance(identifier, UUID) else None,
                "address": address,
                "trusted_since": trusted_since,
                "now": now,
                "most": SESSIONS_LOOKED_AT,
            },
        )
        return await cursor.fetchone()


def _shown(device: DeviceToken | None) -> dict[str, object]:
    """Return the query parameters for the device, if there is one."""
    return {"device_id": device and device.device_id, "secret_hash": device and hash_secret(device.secret)}


async def find_verified_email(connection: Connection, user_id: UUID) -> str | None:
    """Find the address of a user, if it is verified."""
    cursor = await connection.execute(
        """
        SELECT email
        FROM users
        WHERE id = %(user_id)s
          AND email_verified_at IS NOT NULL
        """,
        {"user_id": user_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def find_user(connection: Connection, identifier: str) -> NamedUser | None:
    """Find the account of a canonical user name or e-mail address. A name is never an address, because it has no @."""
    async with connection.cursor(row_factory=class_row(NamedUser)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, username, is_active
            FROM users
            WHERE email_key = %(identifier)s OR username_key = %(identifier)s
            """,
            {"identifier": identifier},
        )
        return await cursor.fetchone()


async def lock_account(connection: Connection, user_id: UUID) -> LockedAccount | None:
    """Lock the account until the transaction ends, and return what decides whether a session may begin.

    Every transaction that ends all sessions of a user updates this row. It waits for the lock, so it cannot miss a
    session that begins meanwhile. The lock is exclusive: with shared locks, two logins that both replace the password
    hash would deadlock.
    """
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, is_active, session_epoch, email_verified_at IS NOT NULL AS is_verified,
                   must_change_password, NULLIF(roles, '{}') AS roles,
                   NULLIF(second_factor, '{}') AS second_factor
            FROM users
            WHERE id = %(user_id)s
            FOR NO KEY UPDATE
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def lock_users(connection: Connection, user_ids: Sequence[UUID]) -> None:
    """Lock accounts until the transaction ends, in the order of their ids, as strongly as any change of them needs."""
    await connection.execute(
        """
        SELECT
        FROM users
        WHERE id = ANY(%(user_ids)s)
        ORDER BY id
        FOR UPDATE
        """,
        {"user_ids": list(user_ids)},
    )


async def deactivate_user(connection: Connection, user_id: UUID) -> None:
    """Deactivate an account, and end all its sessions by a new epoch.

    A pending change of address ends, too. A scheduled deletion stays scheduled, but the owner can no longer restore the
    account.
    """
    await connection.execute(
        """
        WITH removed_change AS (
            DELETE FROM email_changes
            WHERE user_id = %(user_id)s
        )
        UPDATE users
        SET is_active = false,
            is_restorable = false,
            session_epoch = session_epoch + 1,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )


async def activate_user(connection: Connection, user_id: UUID) -> None:
    """Activate an account, and cancel its deletion if one was scheduled.

    A pending change of address ends: its request may be the reason why the account was inactive.
    """
    await connection.execute(
        """
        WITH removed_change AS (
            DELETE FROM email_changes
            WHERE user_id = %(user_id)s
        )
        UPDATE users
        SET is_active = true,
            deletion_due_at = NULL,
            is_restorable = false,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )
