"""The table ``oauth_devices``: devices that have no tokens yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.auth.tokens.opaque_token import RowToken
from doorward.domain.oauth.device_models import ApprovedDevice, DecidedDevice, NewDevice, PolledDevice, WaitingDevice
from doorward.domain.oauth.repositories import Connection


async def add_device(connection: Connection, device: NewDevice) -> bool:
    """Store a device; return False if its user code is in use, or its client was disabled meanwhile.

    The client is locked, so that it cannot be disabled before the device is stored.
    """
    cursor = await connection.execute(
        """
        INSERT INTO oauth_devices (
            id, secret_hash, client_id, user_code_hmac, scopes, resource, status, interval_seconds, expires_at
        )
        SELECT %(id)s, %(secret_hash)s, client_id, %(user_code_hmac)s, %(scopes)s, %(resource)s, 'pending',
               %(interval_seconds)s, %(expires_at)s
        FROM oauth_clients
        WHERE client_id = %(client_id)s
          AND disabled_at IS NULL
        FOR KEY SHARE
        ON CONFLICT ON CONSTRAINT oauth_devices_user_code_hmac_key DO NOTHING
        """,
        asdict(device),
    )
    return cursor.rowcount == 1


async def update_poll(
    connection: Connection, token: RowToken, client_id: str, *, now: datetime, added: timedelta
) -> PolledDevice | None:
    """Store the time of a poll, and return the device. An early poll only makes the interval longer.

    A poll by another client changes nothing.
    """
    async with connection.cursor(row_factory=class_row(PolledDevice)) as cursor:
        await cursor.execute(
            """
            WITH asking AS (
                SELECT id, COALESCE(polled_at + make_interval(secs => interval_seconds) > %(now)s, false) AS is_early
                FROM oauth_devices
                WHERE id = %(id)s
                  AND secret_hash = %(secret_hash)s
                FOR UPDATE
            )
            UPDATE oauth_devices
            SET polled_at = CASE
                    WHEN asking.is_early OR client_id <> %(client_id)s THEN polled_at
                    ELSE %(now)s
                END,
                interval_seconds = CASE
                    WHEN asking.is_early AND client_id = %(client_id)s
                        THEN LEAST(interval_seconds + %(added_seconds)s, 3600)
                    ELSE interval_seconds
                END
            FROM asking
            WHERE oauth_devices.id = asking.id
            RETURNING client_id, status, user_id, expires_at, is_early
            """,
            {
                "id": token.id,
                "secret_hash": token.secret_hash,
                "client_id": client_id,
                "now": now,
                "added_seconds": int(added.total_seconds()),
            },
        )
        return await cursor.fetchone()


async def find_waiting_device(
    connection: Connection, user_code_hmacs: Sequence[bytes], *, now: datetime
) -> WaitingDevice | None:
    """Find the pending device with this user code, if its client is enabled."""
    async with connection.cursor(row_factory=class_row(WaitingDevice)) as cursor:
        await cursor.execute(
            """
            SELECT oauth_devices.client_id, oauth_clients.name, oauth_devices.scopes
            FROM oauth_devices
            JOIN oauth_clients ON oauth_clients.client_id = oauth_devices.client_id
            WHERE oauth_devices.user_code_hmac = ANY(%(user_code_hmacs)s)
              AND oauth_devices.status = 'pending'
              AND oauth_devices.expires_at > %(now)s
              AND oauth_clients.disabled_at IS NULL
            """,
            {"user_code_hmacs": list(user_code_hmacs), "now": now},
        )
        return await cursor.fetchone()


async def update_decision(
    connection: Connection, user_code_hmacs: Sequence[bytes], session: BrowserSession, *, status: str, now: datetime
) -> DecidedDevice | None:
    """Store the decision of a browser's user; return the device.

    Return None if it is not pending, its client is disabled, or the session has ended.

    The browser session is locked, so that it cannot end meanwhile. The authentication methods and times are copied from
    it.
    """
    async with connection.cursor(row_factory=class_row(DecidedDevice)) as cursor:
        await cursor.execute(
            """
            UPDATE oauth_devices
            SET status = %(status)s, user_id = live.user_id, epoch = live.epoch, amr = live.amr, acr = live.acr,
                authenticated_at = live.authenticated_at
            FROM (
                SELECT browser_sessions.user_id, browser_sessions.epoch, browser_sessions.amr, browser_sessions.acr,
                       browser_sessions.authenticated_at
                FROM browser_sessions
                JOIN users ON users.id = browser_sessions.user_id
                WHERE browser_sessions.id = %(session_id)s
                  AND browser_sessions.user_id = %(user_id)s
                  AND browser_sessions.expires_at > %(now)s
                  AND users.is_active
                  AND users.session_epoch = browser_sessions.epoch
                FOR KEY SHARE OF browser_sessions
            ) AS live, oauth_clients
            WHERE oauth_devices.user_code_hmac = ANY(%(hmacs)s)
              AND oauth_devices.status = 'pending'
              AND oauth_devices.expires_at > %(now)s
              AND oauth_clients.client_id = oauth_devices.client_id
              AND oauth_clients.disabled_at IS NULL
            RETURNING oauth_devices.client_id, oauth_devices.scopes
            """,
            {"hmacs": list(user_code_hmacs), "session_id": session.id, "user_id": session.user_id, "status": status}
            | {"now": now},
        )
        return await cursor.fetchone()


async def consume_device(connection: Connection, token: RowToken, user_id: UUID) -> ApprovedDevice | None:
    """Remove a device that the user has approved, and return it. The caller must have locked the user."""
    async with connection.cursor(row_factory=class_row(ApprovedDevice)) as cursor:
        await cursor.execute(
            """
            DELETE FROM oauth_devices
            WHERE id = %(id)s
              AND secret_hash = %(secret_hash)s
              AND user_id = %(user_id)s
              AND status = 'approved'
            RETURNING scopes, resource, epoch, amr, acr, authenticated_at
            """,
            {"id": token.id, "secret_hash": token.secret_hash, "user_id": user_id},
        )
        return await cursor.fetchone()


async def remove_devices_of_client(connection: Connection, client_id: str) -> None:
    """Remove all devices of a client that have no tokens yet."""
    await connection.execute(
        """
        DELETE FROM oauth_devices
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id},
    )


async def remove_devices_of_user(connection: Connection, user_id: UUID, client_id: str) -> None:
    """Remove the devices of a client that a user has approved and that have no tokens yet."""
    await connection.execute(
        """
        DELETE FROM oauth_devices
        WHERE user_id = %(user_id)s
          AND client_id = %(client_id)s
        """,
        {"user_id": user_id, "client_id": client_id},
    )


async def remove_expired_devices(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove devices that have expired; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT id
            FROM oauth_devices
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM oauth_devices
        USING expired
        WHERE oauth_devices.id = expired.id
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
