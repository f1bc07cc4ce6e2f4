"""The SQL of browsers' sessions: the table ``browser_sessions``, and the sessions of applications that belong to one.

A browser's session is live while its row is there, its limits have not passed, its user is active, and its epoch is the
user's. One that ends is removed, and its codes with it. Call what adds and removes after the user was locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.browser_session import BrowserSession, NewBrowserSession
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.opaque_token import OpaqueToken
from doorward.domain.auth.repositories import Connection

MOST_LIVE: Final = 100
"""Of one user."""


async def add_browser_session(
    connection: Connection, session: NewBrowserSession, *, replaced_id: UUID | None, reason: EndReason
) -> Sequence[UUID]:
    """Store a session in place of another one of the same user, whose applications go on with the new one.

    Of the others the ``MOST_LIVE`` that were used last stay. Return the ids of those that ended to make room, and of
    the sessions of applications that ended with them.
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
                SELECT id
                FROM browser_sessions
                WHERE user_id = %(user_id)s
                  AND id IS DISTINCT FROM %(replaced_id)s::uuid
                ORDER BY seen_at DESC, id
                OFFSET %(most_live)s - 1
            ) AS old
            WHERE browser_sessions.id = old.id
            RETURNING browser_sessions.id
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
        SELECT id FROM excess
        UNION ALL
        SELECT id FROM ended
        """,
        {**asdict(session), "replaced_id": replaced_id, "most_live": MOST_LIVE, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_browser_sessions(
    connection: Connection, tokens: Sequence[OpaqueToken], *, now: datetime
) -> Sequence[BrowserSession | None]:
    """Find the live session of each cookie."""
    async with connection.cursor(row_factory=class_row(BrowserSession)) as cursor:
        await cursor.execute(
            """
            SELECT browser_sessions.id, browser_sessions.user_id, browser_sessions.epoch, users.username,
                   browser_sessions.amr, browser_sessions.acr, browser_sessions.authenticated_at,
                   browser_sessions.is_kept, browser_sessions.seen_at, browser_sessions.ends_at,
                   users.second_factor <> '{}' AS has_second_factor
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


async def update_uses(connection: Connection, uses: Mapping[UUID, datetime], *, now: datetime) -> None:
    """Store that sessions were used, and until when each lives if it is not used again.

    A row that another statement has locked is left out: its use is stored in a minute.
    """
    await connection.execute(
        """
        UPDATE browser_sessions
        SET seen_at = %(now)s,
            expires_at = used.expires_at
        FROM (
            SELECT browser_sessions.id, shown.expires_at
            FROM unnest(%(ids)s::uuid[], %(expirations)s::timestamptz[]) AS shown (id, expires_at)
            JOIN browser_sessions USING (id)
            FOR NO KEY UPDATE OF browser_sessions SKIP LOCKED
        ) AS used
        WHERE browser_sessions.id = used.id
        """,
        {"ids": list(uses.keys()), "expirations": list(uses.values()), "now": now},
    )


async def end_browser_session(
    connection: Connection, token: OpaqueToken, *, now: datetime, reason: EndReason
) -> Sequence[UUID] | None:
    """End a session with those of applications that belong to it; return their ids, None if it is not there."""
    cursor = await connection.execute(
        """
        WITH gone AS (
            DELETE FROM browser_sessions
            WHERE id = %(id)s
              AND user_id = %(user_id)s
              AND secret_hash = %(secret_hash)s
            RETURNING id, user_id
        ), ended AS (
            UPDATE sessions
            SET ended_at = %(now)s,
                end_reason = %(reason)s
            FROM gone
            JOIN users ON users.id = gone.user_id
            WHERE sessions.user_id = gone.user_id
              AND sessions.browser_session_id = gone.id
              AND NOT sessions.is_offline
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND sessions.epoch = users.session_epoch
            RETURNING sessions.id
        )
        SELECT ARRAY(SELECT id FROM ended)
        FROM gone
        """,
        {
            "id": token.id,
            "user_id": token.user_id,
            "secret_hash": token.secret_hash,
            "now": now,
            "reason": reason.value,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else list(row[0])


async def remove_browser_sessions(connection: Connection) -> None:
    """End the sessions of all browsers. Those of applications end by themselves."""
    await connection.execute(
        """
        DELETE FROM browser_sessions
        """
    )


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
