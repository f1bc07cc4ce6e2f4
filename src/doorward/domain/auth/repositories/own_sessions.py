"""The SQL by which users list and end their own sessions, and by which a session is renewed.

Lock the user's row before calling a function that changes something.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.models import (
    FIRST_PARTY_CLIENT,
    EndedEpoch,
    EndReason,
    ListedSession,
    LockedAccount,
    RenewedSession,
)
from doorward.domain.auth.passwords.models import SessionPassword
from doorward.domain.auth.repositories import Connection


async def find_password(connection: Connection, user_id: UUID, *, session_id: UUID) -> SessionPassword | None:
    """Find the password of a user whose session has not ended. A change of the password ends the session."""
    async with connection.cursor(row_factory=class_row(SessionPassword)) as cursor:
        await cursor.execute(
            """
            SELECT users.password_hash
            FROM users
            JOIN sessions ON sessions.user_id = users.id
            WHERE users.id = %(user_id)s
              AND sessions.id = %(session_id)s
              AND sessions.ended_at IS NULL
              AND sessions.epoch = users.session_epoch
            """,
            {"user_id": user_id, "session_id": session_id},
        )
        return await cursor.fetchone()


async def lock_live_session(
    connection: Connection, user_id: UUID, session_id: UUID, *, now: datetime
) -> LockedAccount | None:
    """Lock a user and then the session, if the session is live; return the account.

    Both rows are locked because PostgreSQL reads only locked rows again after a wait: otherwise a statement that waited
    for the user would continue with the session's row from before the wait.
    """
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        await cursor.execute(
            """
            SELECT users.id AS user_id, users.is_active, users.session_epoch,
                   users.email_verified_at IS NOT NULL AS is_verified, users.must_change_password,
                   NULLIF(users.roles, '{}') AS roles, NULLIF(users.second_factor, '{}') AS second_factor
            FROM users
            JOIN sessions ON sessions.user_id = users.id
            WHERE users.id = %(user_id)s
              AND users.is_active
              AND sessions.id = %(session_id)s
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND sessions.epoch = users.session_epoch
            FOR NO KEY UPDATE OF users, sessions
            """,
            {"user_id": user_id, "session_id": session_id, "now": now},
        )
        return await cursor.fetchone()


async def list_sessions_of_user(
    connection: Connection, user_id: UUID, *, current_id: UUID | None, now: datetime, limit: int
) -> list[ListedSession]:
    """Find the live sessions of a user: the current one first, if there is one, then by their last use."""
    async with connection.cursor(row_factory=class_row(ListedSession)) as cursor:
        await cursor.execute(
            """
            SELECT sessions.id, sessions.user_agent, sessions.address, sessions.created_at, sessions.refreshed_at,
                   sessions.amr, NULLIF(oauth_clients.name, '') AS application
            FROM sessions
            JOIN users ON users.id = sessions.user_id
            LEFT JOIN oauth_clients ON oauth_clients.client_id = NULLIF(sessions.client_id, %(first_party)s)
            WHERE sessions.user_id = %(user_id)s
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND users.is_active
              AND users.session_epoch = sessions.epoch
            ORDER BY coalesce(sessions.id = %(current_id)s, false) DESC, sessions.refreshed_at DESC, sessions.id
            LIMIT %(limit)s
            """,
            {
                "user_id": user_id,
                "current_id": current_id,
                "first_party": FIRST_PARTY_CLIENT,
                "now": now,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def end_session_of_user(
    connection: Connection, user_id: UUID, session_id: UUID, *, now: datetime, reason: EndReason
) -> bool:
    """End a live session of this user; return whether there was one."""
    cursor = await connection.execute(
        """
        UPDATE sessions
        SET ended_at = %(now)s,
            end_reason = %(reason)s
        FROM users
        WHERE sessions.id = %(session_id)s
          AND sessions.user_id = %(user_id)s
          AND sessions.ended_at IS NULL
          AND sessions.expires_at > %(now)s
          AND users.id = sessions.user_id
          AND users.session_epoch = sessions.epoch
        """,
        {"user_id": user_id, "session_id": session_id, "now": now, "reason": reason.value},
    )
    return cursor.rowcount == 1


async def count_unended_sessions(connection: Connection, user_id: UUID, *, epoch: int, limit: int) -> int:
    """Return how many sessions a change of the user's epoch would end, including expired ones: ``limit`` at most."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM (
            SELECT
            FROM sessions
            WHERE user_id = %(user_id)s
              AND epoch = %(epoch)s
              AND ended_at IS NULL
            LIMIT %(limit)s
        ) AS unended
        """,
        {"user_id": user_id, "epoch": epoch, "limit": limit},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def end_epoch_of_user(
    connection: Connection, user_id: UUID, *, kept_id: UUID | None, device_id: UUID | None, most_counted: int
) -> EndedEpoch:
    """End all sessions of a user with one change of the user's row.

    The session ``kept_id`` continues in the new epoch, on the device ``device_id``; its tokens stay valid (a HOT
    update). The count is of the sessions that had not ended, including expired ones and the kept one.
    """
    async with connection.cursor(row_factory=class_row(EndedEpoch)) as cursor:
        await cursor.execute(
            """
            WITH unended AS (
                SELECT
                FROM sessions
                JOIN users ON users.id = sessions.user_id
                WHERE sessions.user_id = %(user_id)s
                  AND sessions.epoch = users.session_epoch
                  AND sessions.ended_at IS NULL
                LIMIT %(most_counted)s
            ), next AS (
                UPDATE users
                SET session_epoch = session_epoch + 1
                WHERE id = %(user_id)s
                RETURNING session_epoch
            ), kept AS (
                UPDATE sessions
                SET epoch = next.session_epoch,
                    device_id = %(device_id)s
                FROM next
                WHERE sessions.id = %(kept_id)s
                  AND sessions.user_id = %(user_id)s
            )
            SELECT next.session_epoch AS next_epoch, (SELECT count(*) FROM unended) AS count
            FROM next
            """,
            {"user_id": user_id, "kept_id": kept_id, "device_id": device_id, "most_counted": most_counted},
        )
        (ended,) = await cursor.fetchall()
        return ended


async def replace_session(
    connection: Connection, user_id: UUID, session_id: UUID, renewed: RenewedSession, *, now: datetime
) -> None:
    """Give a live session a new id and a new secret, so that its previous tokens no longer work.

    It keeps its device, its time of creation and its absolute limit. The new secret begins at generation 0.
    """
    await connection.execute(
        """
        UPDATE sessions
        SET id = %(id)s,
            secret_hash = %(secret_hash)s,
            generation = 0,
            amr = %(amr)s,
            acr = %(acr)s,
            authenticated_at = %(authenticated_at)s,
            refreshed_at = %(now)s,
            expires_at = LEAST(%(idle_expires_at)s, session_expires_at)
        WHERE id = %(session_id)s
          AND user_id = %(user_id)s
        """,
        {**asdict(renewed), "user_id": user_id, "session_id": session_id, "now": now},
    )
