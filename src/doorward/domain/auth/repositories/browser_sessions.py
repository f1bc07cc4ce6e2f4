"""The SQL of browsers' sessions: the table ``browser_sessions``, and the sessions of applications that belong to one.

A browser's session is live while its row exists, its limits have not passed, its user is active, and its epoch is the
user's. A session that ends is deleted together with its codes. Lock the user's row before adding or removing one.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.models import EndReason, LockedAccount
from doorward.domain.auth.passwords.models import SessionPassword
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.sessions.browser_session import BrowserSession, ListedBrowser, NewBrowserSession
from doorward.domain.auth.tokens.opaque_token import OpaqueToken

MAXIMUM_BROWSER_SESSIONS: Final = 100
"""Maximum number of live browser sessions of one user."""


async def add_browser_session(
    connection: Connection, session: NewBrowserSession, *, replaced_id: UUID | None, reason: EndReason
) -> Sequence[UUID]:
    """Store a session in place of another one of the same user; applications' sessions move to the new one.

    At most ``MAXIMUM_BROWSER_SESSIONS`` sessions stay, the live and most recently used ones. Return the ids of the live
    ones that ended to make room, and of the sessions of applications that ended with them.
    """
    cursor = await connection.execute(
        """
        WITH replaced AS (
            DELETE FROM browser_sessions
            WHERE id = %(replaced_id)s
              AND user_id = %(user_id)s
              AND epoch = %(epoch)s
            RETURNING id
        ), moved AS (
            UPDATE sessions
            SET browser_session_id = %(id)s
            FROM replaced
            WHERE sessions.user_id = %(user_id)s
              AND sessions.browser_session_id = replaced.id
              AND sessions.ended_at IS NULL
        ), excess AS (
            DELETE FROM browser_sessions
            USING (
                SELECT id, epoch = %(epoch)s AND expires_at > %(now)s AS is_live
                FROM browser_sessions
                WHERE user_id = %(user_id)s
                  AND id IS DISTINCT FROM %(replaced_id)s::uuid
                ORDER BY is_live DESC, seen_at DESC, id
                OFFSET %(most_live)s - 1
            ) AS old
            WHERE browser_sessions.id = old.id
            RETURNING browser_sessions.id, old.is_live
        ), ended AS (
            UPDATE sessions
            SET ended_at = %(now)s,
                end_reason = %(reason)s
            FROM excess
            WHERE sessions.user_id = %(user_id)s
              AND sessions.browser_session_id = excess.id
              AND NOT sessions.is_offline
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND sessions.epoch = %(epoch)s
            RETURNING sessions.id
        ), added AS (
            INSERT INTO browser_sessions (
                id, user_id, epoch, secret_hash, amr, acr, authenticated_at, is_kept, user_agent, address, created_at,
                seen_at, expires_at, ends_at
            )
            VALUES (
                %(id)s, %(user_id)s, %(epoch)s, %(secret_hash)s, %(amr)s, %(acr)s, %(authenticated_at)s, %(is_kept)s,
                %(user_agent)s, %(address)s, %(now)s, %(now)s, %(expires_at)s, %(ends_at)s
            )
        )
        SELECT id FROM excess WHERE is_live
        UNION ALL
        SELECT id FROM ended
        """,
        {**asdict(session), "replaced_id": replaced_id, "most_live": MAXIMUM_BROWSER_SESSIONS, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_browser_sessions(
    connection: Connection, tokens: Sequence[OpaqueToken], *, now: datetime
) -> Sequence[BrowserSession | None]:
    """Return the live session of each cookie; None if there is none."""
    async with connection.cursor(row_factory=class_row(BrowserSession)) as cursor:
        await cursor.execute(
            """
            SELECT browser_sessions.id, browser_sessions.user_id, browser_sessions.epoch, users.username, users.email,
                   users.email_verified_at IS NOT NULL AS is_verified, browser_sessions.amr, browser_sessions.acr,
                   browser_sessions.authenticated_at, browser_sessions.is_kept, browser_sessions.seen_at,
                   browser_sessions.ends_at, users.second_factor <> '{}' AS has_second_factor,
                   users.roles <> '{}' AS has_roles
            FROM unnest(%(ids)s::uuid[], %(user_ids)s::uuid[], %(secret_hashes)s::bytea[])
                AS shown (id, user_id, secret_hash)
            JOIN browser_sessions USING (id, user_id, secret_hash)
            JOIN users ON users.id = browser_sessions.user_id
            WHERE browser_sessions.expires_at > %(now)s
              AND users.is_active
              AND users.session_epoch = browser_sessions.epoch
            """,
            {
                "ids": [token.id for token in tokens],
                "user_ids": [token.user_id for token in tokens],
                "secret_hashes": [token.secret_hash for token in tokens],
                "now": now,
            },
        )
        found = {session.id: session for session in await cursor.fetchall()}
    return [found.get(token.id) for token in tokens]


async def lock_live_browser_session(
    connection: Connection, user_id: UUID, session_id: UUID, *, now: datetime
) -> LockedAccount | None:
    """Lock a user and then the session, if the session is live; return the account."""
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        await cursor.execute(
            """
            SELECT users.id AS user_id, users.is_active, users.session_epoch,
                   users.email_verified_at IS NOT NULL AS is_verified, users.must_change_password,
                   NULLIF(users.roles, '{}') AS roles, NULLIF(users.second_factor, '{}') AS second_factor
            FROM users
            JOIN browser_sessions ON browser_sessions.user_id = users.id
            WHERE users.id = %(user_id)s
              AND users.is_active
              AND browser_sessions.id = %(session_id)s
              AND browser_sessions.expires_at > %(now)s
              AND browser_sessions.epoch = users.session_epoch
            FOR NO KEY UPDATE OF users, browser_sessions
            """,
            {"user_id": user_id, "session_id": session_id, "now": now},
        )
        return await cursor.fetchone()


async def find_password(connection: Connection, user_id: UUID, *, session_id: UUID) -> SessionPassword | None:
    """Find the password of a user whose session has not ended. A change of the password ends the session."""
    async with connection.cursor(row_factory=class_row(SessionPassword)) as cursor:
        await cursor.execute(
            """
            SELECT users.password_hash
            FROM users
            JOIN browser_sessions ON browser_sessions.user_id = users.id
            WHERE users.id = %(user_id)s
              AND browser_sessions.id = %(session_id)s
              AND browser_sessions.epoch = users.session_epoch
            """,
            {"user_id": user_id, "session_id": session_id},
        )
        return await cursor.fetchone()


async def list_browser_sessions_of_user(
    connection: Connection, user_id: UUID, *, current_id: UUID | None, now: datetime
) -> list[ListedBrowser]:
    """List the live sessions of a user: the current one first, if there is one, then by their last use."""
    async with connection.cursor(row_factory=class_row(ListedBrowser)) as cursor:
        await cursor.execute(
            """
            SELECT browser_sessions.id, browser_sessions.user_agent, browser_sessions.address,
                   browser_sessions.created_at, browser_sessions.seen_at, browser_sessions.amr
            FROM browser_sessions
            JOIN users ON users.id = browser_sessions.user_id
            WHERE browser_sessions.user_id = %(user_id)s
              AND browser_sessions.expires_at > %(now)s
              AND users.is_active
              AND users.session_epoch = browser_sessions.epoch
            ORDER BY coalesce(browser_sessions.id = %(current_id)s, false) DESC, browser_sessions.seen_at DESC,
                     browser_sessions.id
            """,
            {"user_id": user_id, "current_id": current_id, "now": now},
        )
        return await cursor.fetchall()


async def update_uses(connection: Connection, used: Sequence[BrowserSession], *, now: datetime) -> None:
    """Store that sessions were used, and until when each lives if it is not used again.

    A row that another statement has locked is skipped; a later use is stored instead.
    """
    await connection.execute(
        """
        UPDATE browser_sessions
        SET seen_at = %(now)s,
            expires_at = used.expires_at
        FROM (
            SELECT browser_sessions.id, browser_sessions.user_id, shown.expires_at
            FROM unnest(%(ids)s::uuid[], %(user_ids)s::uuid[], %(expirations)s::timestamptz[])
                 AS shown (id, user_id, expires_at)
            JOIN browser_sessions USING (id, user_id)
            FOR NO KEY UPDATE OF browser_sessions SKIP LOCKED
        ) AS used
        WHERE browser_sessions.id = used.id
          AND browser_sessions.user_id = used.user_id
        """,
        {
            "ids": [session.id for session in used],
            "user_ids": [session.user_id for session in used],
            "expirations": [session.idle_expires_at(now) for session in used],
            "now": now,
        },
    )


async def end_browser_session(
    connection: Connection, user_id: UUID, session_id: UUID, *, digest: bytes | None, now: datetime, reason: EndReason
) -> Sequence[UUID]:
    """Remove a session, if ``digest`` is None or its secret's, and end those of applications; return the live ones."""
    cursor = await connection.execute(
        """
        WITH gone AS (
            DELETE FROM browser_sessions AS session
            USING users
            WHERE session.id = %(id)s
              AND session.user_id = %(user_id)s
              AND session.secret_hash = coalesce(%(digest)s::bytea, session.secret_hash)
              AND users.id = session.user_id
            RETURNING session.id, session.user_id, users.session_epoch,
                      session.epoch = users.session_epoch AND session.expires_at > %(now)s AS was_live
        ), ended AS (
            UPDATE sessions
            SET ended_at = %(now)s,
                end_reason = %(reason)s
            FROM gone
            WHERE sessions.user_id = gone.user_id
              AND sessions.browser_session_id = gone.id
              AND NOT sessions.is_offline
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND sessions.epoch = gone.session_epoch
            RETURNING sessions.id
        )
        SELECT id FROM gone WHERE was_live
        UNION ALL
        SELECT id FROM ended
        """,
        {"id": session_id, "user_id": user_id, "digest": digest, "now": now, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]


async def remove_expired_browser_sessions(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove sessions whose limits have passed, or that a new epoch of their user has ended; return how many."""
    cursor = await connection.execute(
        """
        WITH dead AS (
            SELECT browser_sessions.id
            FROM browser_sessions
            JOIN users ON users.id = browser_sessions.user_id
            WHERE browser_sessions.expires_at <= %(now)s
               OR browser_sessions.epoch <> users.session_epoch
            LIMIT %(limit)s
            FOR UPDATE OF browser_sessions SKIP LOCKED
        )
        DELETE FROM browser_sessions
        USING dead
        WHERE browser_sessions.id = dead.id
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
