"""The table ``oauth_pushed_requests``: pushed authorization requests (RFC 9126)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from doorward.domain.auth.tokens.opaque_token import RowToken
from doorward.domain.oauth.repositories import Connection


async def add_pushed_request(
    connection: Connection, token: RowToken, client_id: str, parameters: Mapping[str, str], *, expires_at: datetime
) -> None:
    """Store a request."""
    await connection.execute(
        """
        INSERT INTO oauth_pushed_requests (id, secret_hash, client_id, parameters, expires_at)
        VALUES (%(id)s, %(secret_hash)s, %(client_id)s, %(parameters)s, %(expires_at)s)
        """,
        {
            "id": token.id,
            "secret_hash": token.secret_hash,
            "client_id": client_id,
            "parameters": Jsonb(dict(parameters)),
            "expires_at": expires_at,
        },
    )


async def update_browser(
    connection: Connection,
    token: RowToken,
    client_id: str,
    browser_hash: bytes,
    *,
    now: datetime,
    visited_until: datetime,
) -> Mapping[str, str] | None:
    """Bind a live request of the client to a browser; return its parameters, None if it is bound to another browser.

    The first browser that opens a request is bound to it, and the request then expires at ``visited_until``.
    """
    cursor = await connection.execute(
        """
        UPDATE oauth_pushed_requests
        SET browser_hash = %(browser_hash)s,
            expires_at = CASE WHEN browser_hash IS NULL THEN %(visited_until)s ELSE expires_at END
        WHERE id = %(id)s
          AND secret_hash = %(secret_hash)s
          AND client_id = %(client_id)s
          AND expires_at > %(now)s
          AND (browser_hash IS NULL OR browser_hash = %(browser_hash)s)
        RETURNING parameters
        """,
        {
            "id": token.id,
            "secret_hash": token.secret_hash,
            "client_id": client_id,
            "browser_hash": browser_hash,
            "now": now,
            "visited_until": visited_until,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def consume_pushed_request(connection: Connection, request_id: UUID, *, now: datetime) -> bool:
    """Remove a live request; return whether it was there."""
    cursor = await connection.execute(
        """
        DELETE FROM oauth_pushed_requests
        WHERE id = %(id)s
          AND expires_at > %(now)s
        """,
        {"id": request_id, "now": now},
    )
    return cursor.rowcount == 1


async def remove_expired_pushed_requests(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove requests that have expired; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT id
            FROM oauth_pushed_requests
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM oauth_pushed_requests
        USING expired
        WHERE oauth_pushed_requests.id = expired.id
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
