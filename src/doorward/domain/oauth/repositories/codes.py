"""The table ``oauth_codes``: authorization codes that were not redeemed yet."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.opaque_token import OpaqueToken
from doorward.domain.oauth.code_models import NewCode, StoredCode
from doorward.domain.oauth.repositories import Connection


async def add_code(connection: Connection, code: NewCode, *, now: datetime) -> bool:
    """Store a code of a browser's session; return whether that is still live.

    It is locked, so that it cannot end meanwhile. What the user has proven is what the session says at this moment.
    """
    cursor = await connection.execute(
        """
        INSERT INTO oauth_codes (
            id, secret_hash, client_id, user_id, browser_session_id, epoch, redirect_uri, scopes, resource, nonce,
            code_challenge, amr, acr, authenticated_at, session_ends_at, expires_at
        )
        SELECT %(id)s, %(secret_hash)s, %(client_id)s, live.user_id, live.id, live.epoch, %(redirect_uri)s, %(scopes)s,
               %(resource)s, %(nonce)s, %(code_challenge)s, live.amr, live.acr, live.authenticated_at, live.ends_at,
               %(expires_at)s
        FROM (
            SELECT browser_sessions.id, browser_sessions.user_id, browser_sessions.epoch, browser_sessions.amr,
                   browser_sessions.acr, browser_sessions.authenticated_at, browser_sessions.ends_at
            FROM browser_sessions
            JOIN users ON users.id = browser_sessions.user_id
            WHERE browser_sessions.id = %(browser_session_id)s
              AND browser_sessions.user_id = %(user_id)s
              AND browser_sessions.expires_at > %(now)s
              AND users.is_active
              AND users.session_epoch = browser_sessions.epoch
            FOR KEY SHARE OF browser_sessions
        ) AS live
        """,
        {**asdict(code), "now": now},
    )
    return cursor.rowcount == 1


async def consume_code(connection: Connection, token: OpaqueToken) -> StoredCode | None:
    """Remove a code and return it, None if it is not there. Call it after the user was locked."""
    async with connection.cursor(row_factory=class_row(StoredCode)) as cursor:
        await cursor.execute(
            """
            DELETE FROM oauth_codes
            WHERE id = %(id)s
              AND user_id = %(user_id)s
              AND secret_hash = %(secret_hash)s
            RETURNING client_id, browser_session_id, epoch, redirect_uri, scopes, resource, nonce, code_challenge, amr,
                      acr, authenticated_at, session_ends_at, expires_at
            """,
            {"id": token.id, "user_id": token.user_id, "secret_hash": token.secret_hash},
        )
        return await cursor.fetchone()


async def remove_codes_of_client(connection: Connection, client_id: str) -> None:
    """Remove all codes of a client."""
    await connection.execute(
        """
        DELETE FROM oauth_codes
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id},
    )


async def remove_codes_of_user(connection: Connection, user_id: UUID, client_id: str) -> None:
    """Remove the codes of a user for a client."""
    await connection.execute(
        """
        DELETE FROM oauth_codes
        WHERE user_id = %(user_id)s
          AND client_id = %(client_id)s
        """,
        {"user_id": user_id, "client_id": client_id},
    )


async def remove_expired_codes(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove codes that have expired; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT id
            FROM oauth_codes
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM oauth_codes
        USING expired
        WHERE oauth_codes.id = expired.id
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
