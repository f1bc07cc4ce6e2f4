"""The SQL of sessions: the table ``sessions``, one row for each login on one device.

A session is live while it has not ended, its idle limit has not passed, its user is active, and its epoch is the
user's. Statements have the user's id wherever the caller knows it.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.models import EndReason, LiveSession, NewSession
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.refresh_token import RefreshToken, hash_secret

DEAD_KEPT: Final = 750
MAXIMUM_SESSIONS_READ: Final = 2000
MAXIMUM_SESSIONS_ENDED: Final = 100
"""Limits per user: the ended, expired or outdated sessions that stay; the rows that a login reads; and the rows that it
ends or removes. The latter two matter for users who had many more rows before these limits existed."""


async def add_session(
    connection: Connection, session: NewSession, *, most_live: int, reason: EndReason
) -> Sequence[UUID]:
    """Store a new session, at generation 0, and make room for it; return the ids of the sessions that this ended.

    Lock the user's row first. The ``most_live`` most recently used live sessions of the user stay, including the new
    one, and the ``DEAD_KEPT`` newest of the others, so that no query for the sessions of one user reads more than some
    thousand rows. At most ``MAXIMUM_SESSIONS_ENDED`` sessions end or are removed; locked rows are left to the next
    login.
    """
    cursor = await connection.execute(
        """
        WITH stored AS (
            SELECT id, created_at, refreshed_at,
                   ended_at IS NULL AND epoch = %(epoch)s AND expires_at > %(created_at)s AS is_live
            FROM sessions
            WHERE user_id = %(user_id)s
            LIMIT %(most_read)s
        ), ranked AS (
            SELECT id, is_live, row_number() OVER (
                       PARTITION BY is_live
                       ORDER BY CASE WHEN is_live THEN refreshed_at ELSE created_at END DESC, id DESC
                   ) AS place
            FROM stored
        ), excess AS (
            SELECT locked.id, ranked.is_live
            FROM ranked
            CROSS JOIN LATERAL (
                SELECT sessions.id
                FROM sessions
                WHERE sessions.id = ranked.id AND sessions.user_id = %(user_id)s
                FOR UPDATE SKIP LOCKED
            ) AS locked
            WHERE ranked.place > CASE WHEN ranked.is_live THEN %(most_live)s - 1 ELSE %(dead_kept)s END
            LIMIT %(most_at_once)s
        ), removed AS (
            DELETE FROM sessions
            USING excess
            WHERE sessions.id = excess.id AND sessions.user_id = %(user_id)s AND NOT excess.is_live
        ), ended AS (
            UPDATE sessions
            SET ended_at = %(created_at)s,
                end_reason = %(reason)s
            FROM excess
            WHERE sessions.id = excess.id
              AND sessions.user_id = %(user_id)s
              AND excess.is_live
              AND sessions.ended_at IS NULL
            RETURNING sessions.id
        ), added AS (
            INSERT INTO sessions (
                id, user_id, epoch, secret_hash, generation, client_id, scopes, resources, amr, acr, authenticated_at,
                browser_session_id, is_offline, code_secret_hash, user_agent, address, device_id, created_at,
                refreshed_at, expires_at, session_expires_at
            )
            VALUES (
                %(id)s, %(user_id)s, %(epoch)s, %(secret_hash)s, 0, %(client_id)s, %(scopes)s, %(resources)s, %(amr)s,
                %(acr)s, %(authenticated_at)s, %(browser_session_id)s, %(is_offline)s, %(code_secret_hash)s,
                %(user_agent)s, %(address)s, %(device_id)s, %(created_at)s, %(created_at)s, %(expires_at)s,
                %(session_expires_at)s
            )
        )
        SELECT id
        FROM ended
        """,
        {
            **asdict(session),
            "most_live": most_live,
            "dead_kept": DEAD_KEPT,
            "most_read": MAXIMUM_SESSIONS_READ,
            "most_at_once": MAXIMUM_SESSIONS_ENDED,
            "reason": reason.value,
        },
    )
    return [row[0] for row in await cursor.fetchall()]


async def lock_owner(connection: Connection, token: RefreshToken) -> UUID | None:
    """Lock the user of the session that a genuine token belongs to, and return the user's id.

    Call it before the session's own row is locked: every transaction that locks both locks the user first, which
    prevents deadlocks.
    """
    cursor = await connection.execute(
        """
        SELECT users.id
        FROM sessions
        JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = %(session_id)s
          AND (%(user_id)s::uuid IS NULL OR sessions.user_id = %(user_id)s)
          AND sessions.secret_hash = %(secret_hash)s
        FOR NO KEY UPDATE OF users
        """,
        {"session_id": token.session_id, "user_id": token.user_id, "secret_hash": hash_secret(token.secret)},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def end_session(
    connection: Connection, token: RefreshToken, *, client_id: str, now: datetime, reason: EndReason
) -> bool:
    """End the client's session that a token of any generation belongs to; return whether it was live."""
    cursor = await connection.execute(
        """
        UPDATE sessions
        SET ended_at = %(now)s,
            end_reason = %(reason)s
        FROM users
        WHERE sessions.id = %(session_id)s
          AND (%(user_id)s::uuid IS NULL OR sessions.user_id = %(user_id)s)
          AND sessions.secret_hash = %(secret_hash)s
          AND sessions.client_id = %(client_id)s
          AND sessions.ended_at IS NULL
          AND sessions.expires_at > %(now)s
          AND users.id = sessions.user_id
          AND users.session_epoch = sessions.epoch
        """,
        {
            "session_id": token.session_id,
            "user_id": token.user_id,
            "secret_hash": hash_secret(token.secret),
            "client_id": client_id,
            "now": now,
            "reason": reason.value,
        },
    )
    return cursor.rowcount == 1


async def list_live_sessions(
    connection: Connection, *, session_ids: Collection[UUID], user_ids: Collection[UUID], now: datetime
) -> list[LiveSession]:
    """Find those of the sessions that are live, each with its user. For a user without roles, no role is looked up.

    ``list_served_sessions`` checks the clients of sessions that are not the built-in client's.
    """
    async with connection.cursor(row_factory=class_row(LiveSession)) as cursor:
        await cursor.execute(
            """
            SELECT sessions.id, sessions.client_id, sessions.amr, sessions.acr, sessions.authenticated_at,
                   sessions.user_id, users.email, users.username, users.email_verified_at IS NOT NULL AS is_verified,
                   users.second_factor <> '{}' AS has_second_factor,
                   NULLIF(users.roles, '{}') AS roles,
                   CASE WHEN users.roles <> '{}' THEN ARRAY(
                       SELECT DISTINCT unnest(roles.scopes)
                       FROM roles
                       WHERE roles.name = ANY(users.roles)
                   ) END AS role_scopes
            FROM sessions
            JOIN users ON users.id = sessions.user_id
            WHERE sessions.id = ANY(%(session_ids)s)
              AND sessions.user_id = ANY(%(user_ids)s)
              AND sessions.ended_at IS NULL
              AND sessions.expires_at > %(now)s
              AND users.is_active
              AND users.session_epoch = sessions.epoch
            """,
            {"session_ids": list(session_ids), "user_ids": list(user_ids), "now": now},
        )
        return await cursor.fetchall()
