"""The table ``oauth_codes``: authorization codes that are not redeemed yet."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.tokens.opaque_token import OpaqueToken
from doorward.domain.oauth.code_models import NewCode, StoredCode
from doorward.domain.oauth.repositories import Connection


async def add_codes(connection: Connection, new: Sequence[NewCode], *, now: datetime) -> set[UUID]:
    """Store codes for browser sessions; return the ids of those that were stored.

    A code is not stored if its session has ended, its client is disabled, or the consent that it needs was revoked.
    These rows are locked, so that none can end meanwhile. A row that another statement has locked counts as ended. The
    authentication methods and times are copied from the session.
    """
    cursor = await connection.execute(
        """
        INSERT INTO oauth_codes (
            id, secret_hash, client_id, user_id, browser_session_id, epoch, redirect_uri, scopes, resource, nonce,
            code_challenge, dpop_jkt, amr, acr, authenticated_at, session_ends_at, expires_at
        )
        SELECT new.id, new.secret_hash, oauth_clients.client_id, users.id, browser_sessions.id, browser_sessions.epoch,
               new.redirect_uri, string_to_array(new.scopes, ' '), new.resource, new.nonce, new.code_challenge,
               new.dpop_jkt, browser_sessions.amr, browser_sessions.acr, browser_sessions.authenticated_at,
               browser_sessions.ends_at, new.expires_at
        FROM unnest(
            %(ids)s::uuid[], %(secret_hashes)s::bytea[], %(client_ids)s::text[], %(user_ids)s::uuid[],
            %(browser_session_ids)s::uuid[], %(redirect_uris)s::text[], %(scopes)s::text[], %(resources)s::text[],
            %(nonces)s::text[], %(code_challenges)s::text[], %(thumbprints)s::text[], %(expirations)s::timestamptz[],
            %(agreed)s::boolean[]
        ) AS new (
            id, secret_hash, client_id, user_id, browser_session_id, redirect_uri, scopes, resource, nonce,
            code_challenge, dpop_jkt, expires_at, is_agreed
        )
        JOIN browser_sessions
            ON browser_sessions.id = new.browser_session_id AND browser_sessions.user_id = new.user_id
        JOIN users ON users.id = browser_sessions.user_id
        JOIN oauth_clients ON oauth_clients.client_id = new.client_id
        WHERE browser_sessions.expires_at > %(now)s
          AND users.is_active
          AND users.session_epoch = browser_sessions.epoch
          AND oauth_clients.disabled_at IS NULL
          AND (
              new.is_agreed
              OR oauth_clients.is_first_party
              OR EXISTS (
                  SELECT
                  FROM oauth_consents
                  WHERE oauth_consents.user_id = users.id
                    AND oauth_consents.client_id = oauth_clients.client_id
                    AND oauth_consents.scopes @> string_to_array(new.scopes, ' ')
                  FOR KEY SHARE SKIP LOCKED
              )
          )
        FOR KEY SHARE OF browser_sessions, oauth_clients SKIP LOCKED
        RETURNING id
        """,
        {**_columns_of(new), "now": now},
    )
    return {row[0] for row in await cursor.fetchall()}


def _columns_of(new: Sequence[NewCode]) -> dict[str, Sequence[object]]:
    return {
        "ids": [code.id for code in new],
        "secret_hashes": [code.secret_hash for code in new],
        "client_ids": [code.client_id for code in new],
        "user_ids": [code.user_id for code in new],
        "browser_session_ids": [code.browser_session_id for code in new],
        "redirect_uris": [code.redirect_uri for code in new],
        "scopes": [" ".join(code.scopes) for code in new],
        "resources": [code.resource for code in new],
        "nonces": [code.nonce for code in new],
        "code_challenges": [code.code_challenge for code in new],
        "thumbprints": [code.dpop_jkt for code in new],
        "expirations": [code.expires_at for code in new],
        "agreed": [code.is_agreed for code in new],
    }


async def consume_code(connection: Connection, token: OpaqueToken) -> StoredCode | None:
    """Remove a code and return it; None if it does not exist. The caller must have locked the user."""
    async with connection.cursor(row_factory=class_row(StoredCode)) as cursor:
        await cursor.execute(
            """
            DELETE FROM oauth_codes
            WHERE id = %(id)s
              AND user_id = %(user_id)s
              AND secret_hash = %(secret_hash)s
            RETURNING client_id, browser_session_id, epoch, redirect_uri, scopes, resource, nonce, code_challenge,
                      dpop_jkt, amr, acr, authenticated_at, session_ends_at, expires_at
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
