"""The SQL of applications' sessions: end them by application or by code, and find those with an enabled client."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.opaque_token import OpaqueToken


async def end_sessions_of_client(
    connection: Connection, user_id: UUID, client_id: str, *, now: datetime, reason: EndReason
) -> Sequence[UUID]:
    """End the live sessions of a user for a client; return their ids."""
    cursor = await connection.execute(
        """
        UPDATE sessions
        SET ended_at = %(now)s,
            end_reason = %(reason)s
        FROM users
        WHERE sessions.user_id = %(user_id)s
          AND sessions.client_id = %(client_id)s
          AND sessions.ended_at IS NULL
          AND sessions.expires_at > %(now)s
          AND users.id = sessions.user_id
          AND users.session_epoch = sessions.epoch
        RETURNING sessions.id
        """,
        {"user_id": user_id, "client_id": client_id, "now": now, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]


async def end_session_of_code(
    connection: Connection, code: OpaqueToken, *, now: datetime, reason: EndReason
) -> Sequence[UUID]:
    """End the live session that a code has begun; return its id in a list, which is empty if there is none."""
    cursor = await connection.execute(
        """
        UPDATE sessions
        SET ended_at = %(now)s,
            end_reason = %(reason)s
        FROM users
        WHERE sessions.id = %(id)s
          AND sessions.user_id = %(user_id)s
          AND sessions.code_secret_hash = %(secret_hash)s
          AND sessions.ended_at IS NULL
          AND sessions.expires_at > %(now)s
          AND users.id = sessions.user_id
          AND users.session_epoch = sessions.epoch
        RETURNING sessions.id
        """,
        {
            "id": code.id,
            "user_id": code.user_id,
            "secret_hash": code.secret_hash,
            "now": now,
            "reason": reason.value,
        },
    )
    return [row[0] for row in await cursor.fetchall()]


async def list_served_sessions(connection: Connection, users: Mapping[UUID, UUID]) -> Mapping[UUID, UUID]:
    """Return the sessions, with their users, whose client is enabled and was not disabled since they began."""
    cursor = await connection.execute(
        """
        SELECT sessions.id, sessions.user_id
        FROM sessions
        JOIN oauth_clients ON oauth_clients.client_id = sessions.client_id
        WHERE sessions.id = ANY(%(session_ids)s)
          AND sessions.user_id = ANY(%(user_ids)s)
          AND oauth_clients.disabled_at IS NULL
          AND oauth_clients.not_before <= sessions.created_at
        """,
        {"session_ids": list(users.keys()), "user_ids": list(users.values())},
    )
    return dict(await cursor.fetchall())
