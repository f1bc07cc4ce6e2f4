"""The SQL of one-time tokens: the table ``one_time_tokens``, which has few rows per user."""

from collections.abc import Sequence
from dataclasses import asdict, field
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.repositories import Connection

MAXIMUM_CODE_ATTEMPTS = 5


@frozen
class NewOneTimeToken:
    """A token about to be stored. ``email_key`` is the address that it is issued for, ``message_id`` the mail's id."""

    user_id: UUID
    purpose: str
    message_id: UUID
    email_key: str
    secret_hash: bytes
    code_mac: bytes = field(repr=False)
    code_expires_at: datetime
    created_at: datetime
    expires_at: datetime


async def add_token(connection: Connection, token: NewOneTimeToken, *, keeps_previous: bool) -> None:
    """Store a token in place of the previous one; with ``keeps_previous``, in place of the one before that.

    A retry of the same mail replaces its own token and keeps its time of creation, so that no other token is displaced.
    The user's row must be locked, so that the newest token is known.
    """
    await connection.execute(
        """
        INSERT INTO one_time_tokens (
            user_id, purpose, slot, message_id, email_key, secret_hash, code_mac, code_attempts, code_expires_at,
            created_at, expires_at
        )
        SELECT %(user_id)s, %(purpose)s, COALESCE(
                (
                    SELECT own.slot
                    FROM one_time_tokens AS own
                    WHERE own.user_id = %(user_id)s
                      AND own.purpose = %(purpose)s
                      AND own.message_id = %(message_id)s
                ),
                (
                    SELECT 1 - newest.slot
                    FROM one_time_tokens AS newest
                    WHERE %(keeps_previous)s
                      AND newest.user_id = %(user_id)s
                      AND newest.purpose = %(purpose)s
                    ORDER BY newest.created_at DESC
                    LIMIT 1
                ),
                0
            ), %(message_id)s, %(email_key)s, %(secret_hash)s, %(code_mac)s, 0, %(code_expires_at)s, %(created_at)s,
            %(expires_at)s
        ON CONFLICT ON CONSTRAINT one_time_tokens_pkey DO UPDATE
        SET message_id = excluded.message_id,
            email_key = excluded.email_key,
            secret_hash = excluded.secret_hash,
            code_mac = excluded.code_mac,
            code_attempts = 0,
            code_expires_at = excluded.code_expires_at,
            created_at = CASE
                WHEN one_time_tokens.message_id = excluded.message_id THEN one_time_tokens.created_at
                ELSE excluded.created_at
            END,
            expires_at = excluded.expires_at
        """,
        {**asdict(token), "keeps_previous": keeps_previous},
    )


async def claim_code_attempt(connection: Connection, *, user_id: UUID, purpose: str, now: datetime) -> list[bytes]:
    """Count an attempt for each token of a purpose; return the MACs of those that had attempts left.

    Counted before the comparison, and committed separately, so that concurrent attempts are counted one by one. The
    message in the write-ahead log, which PostgreSQL ignores, makes the commit wait for the disk even if nothing is
    counted: otherwise the time would reveal who has a token, and so an account.
    """
    cursor = await connection.execute(
        """
        WITH counted AS (
            UPDATE one_time_tokens
            SET code_attempts = code_attempts + 1
            WHERE user_id = %(user_id)s
              AND purpose = %(purpose)s
              AND code_attempts < %(most)s
              AND code_expires_at > %(now)s
              AND expires_at > %(now)s
            RETURNING code_mac
        )
        SELECT counted.code_mac
        FROM (SELECT pg_logical_emit_message(true, 'doorward', '')) AS written
        JOIN counted ON true
        """,
        {"user_id": user_id, "purpose": purpose, "most": MAXIMUM_CODE_ATTEMPTS, "now": now},
    )
    return [row[0] for row in await cursor.fetchall()]


async def remove_code_attempt(connection: Connection, *, user_id: UUID, purpose: str, code_mac: bytes) -> None:
    """Undo the count of an attempt with the code of a token."""
    await connection.execute(
        """
        UPDATE one_time_tokens
        SET code_attempts = code_attempts - 1
        WHERE user_id = %(user_id)s
          AND purpose = %(purpose)s
          AND code_mac = %(code_mac)s
          AND code_attempts > 0
        """,
        {"user_id": user_id, "purpose": purpose, "code_mac": code_mac},
    )


async def consume_token(
    connection: Connection, *, user_id: UUID, purpose: str, secret_hash: bytes, now: datetime
) -> str | None:
    """Remove a live token; return the address that it was issued for, or None. Of concurrent calls one gets it."""
    cursor = await connection.execute(
        """
        DELETE FROM one_time_tokens
        WHERE user_id = %(user_id)s
          AND purpose = %(purpose)s
          AND secret_hash = %(secret_hash)s
          AND expires_at > %(now)s
        RETURNING email_key
        """,
        {"user_id": user_id, "purpose": purpose, "secret_hash": secret_hash, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def consume_code(
    connection: Connection, *, user_id: UUID, purpose: str, code_mac: bytes, now: datetime
) -> str | None:
    """Remove the live token with this code; return the address that it was issued for, or None."""
    cursor = await connection.execute(
        """
        DELETE FROM one_time_tokens
        WHERE user_id = %(user_id)s
          AND purpose = %(purpose)s
          AND code_mac = %(code_mac)s
          AND code_expires_at > %(now)s
          AND expires_at > %(now)s
        RETURNING email_key
        """,
        {"user_id": user_id, "purpose": purpose, "code_mac": code_mac, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_tokens(connection: Connection, user_id: UUID, *, purposes: Sequence[str]) -> None:
    """Remove the tokens of a user for some purposes."""
    await connection.execute(
        """
        DELETE FROM one_time_tokens
        WHERE user_id = %(user_id)s
          AND purpose = ANY(%(purposes)s)
        """,
        {"user_id": user_id, "purposes": list(purposes)},
    )


async def remove_tokens_of_user(connection: Connection, user_id: UUID) -> None:
    """Remove every token of a user: after a change of password, address or state none of them may work."""
    await connection.execute("DELETE FROM one_time_tokens WHERE user_id = %(user_id)s", {"user_id": user_id})


async def remove_expired_tokens(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove tokens that have expired, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT user_id, purpose, slot
            FROM one_time_tokens
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM one_time_tokens
        USING expired
        WHERE one_time_tokens.user_id = expired.user_id
          AND one_time_tokens.purpose = expired.purpose
          AND one_time_tokens.slot = expired.slot
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
