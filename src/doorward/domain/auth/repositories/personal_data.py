"""The SQL of the export of a user's sessions and devices. Call it in a transaction.

Server-side cursors limit the rows in memory to some hundred.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.auth.repositories import Connection


@frozen
class StoredSession:
    """A session as it is stored, without its secrets and the counters of tokens and epochs.

    ``ended_at`` is also None for a session that ended with its epoch.
    """

    id: UUID
    client_id: str
    scopes: Sequence[str]
    resources: Sequence[str]
    amr: Sequence[str]
    acr: int
    user_agent: str | None
    address: str | None
    device_id: UUID | None
    browser_session_id: UUID | None
    is_offline: bool
    created_at: datetime
    authenticated_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    session_expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@frozen
class StoredBrowserSession:
    """A session of a browser as it is stored, without its secret and its epoch."""

    id: UUID
    amr: Sequence[str]
    acr: int
    is_kept: bool
    user_agent: str | None
    address: str | None
    created_at: datetime
    authenticated_at: datetime
    seen_at: datetime
    expires_at: datetime
    ends_at: datetime


@frozen
class StoredDevice:
    """A device as it is stored, without its secret and its epoch."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    trusted_at: datetime | None


async def list_stored_sessions(connection: Connection, user_id: UUID) -> AsyncGenerator[StoredSession]:
    """Find the sessions of a user, live and ended."""
    async with connection.cursor("sessions_of_user", row_factory=class_row(StoredSession)) as cursor:
        await cursor.execute(
            """
            SELECT id, client_id, scopes, resources, amr, acr, user_agent, address, device_id, browser_session_id,
                   is_offline, created_at, authenticated_at, refreshed_at, expires_at, session_expires_at, ended_at,
                   end_reason
            FROM sessions
            WHERE user_id = %(user_id)s
            ORDER BY created_at, id
            """,
            {"user_id": user_id},
        )
        async for session in cursor:
            yield session


async def list_stored_devices(connection: Connection, user_id: UUID) -> AsyncGenerator[StoredDevice]:
    """Find the devices of a user."""
    async with connection.cursor("devices_of_user", row_factory=class_row(StoredDevice)) as cursor:
        await cursor.execute(
            """
            SELECT id, created_at, seen_at, trusted_at
            FROM devices
            WHERE user_id = %(user_id)s
            ORDER BY created_at, id
            """,
            {"user_id": user_id},
        )
        async for device in cursor:
            yield device


async def list_stored_browser_sessions(connection: Connection, user_id: UUID) -> AsyncGenerator[StoredBrowserSession]:
    """Find the sessions of a user's browsers."""
    async with connection.cursor("browser_sessions_of_user", row_factory=class_row(StoredBrowserSession)) as cursor:
        await cursor.execute(
            """
            SELECT id, amr, acr, is_kept, user_agent, address, created_at, authenticated_at, seen_at, expires_at,
                   ends_at
            FROM browser_sessions
            WHERE user_id = %(user_id)s
            ORDER BY created_at, id
            """,
            {"user_id": user_id},
        )
        async for session in cursor:
            yield session
