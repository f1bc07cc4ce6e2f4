"""The SQL of the table ``used_nonces``: the nonces of used tokens and proofs, until they expire."""

from datetime import datetime
from uuid import UUID

from doorward.domain.auth.repositories import Connection


async def add_nonce(connection: Connection, nonce: bytes, *, expires_at: datetime) -> bool:
    """Store that a nonce was used; return whether this was the first use. Of concurrent calls exactly one is."""
    cursor = await connection.execute(
        """
        INSERT INTO used_nonces (nonce, expires_at)
        VALUES (%(nonce)s, %(expires_at)s)
        ON CONFLICT ON CONSTRAINT used_nonces_pkey DO NOTHING
        """,
        {"nonce": nonce, "expires_at": expires_at},
    )
    return cursor.rowcount == 1


async def find_user_of_unused(connection: Connection, nonce: bytes, *, user_id: UUID, epoch: int) -> UUID | None:
    """Return the user's id if the nonce was not used and the user still has this epoch; else None."""
    cursor = await connection.execute(
        """
        SELECT id
        FROM users
        WHERE id = %(user_id)s
          AND session_epoch = %(epoch)s
          AND NOT EXISTS (SELECT FROM used_nonces WHERE nonce = %(nonce)s)
        """,
        {"nonce": nonce, "user_id": user_id, "epoch": epoch},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_expired_nonces(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove nonces of tokens that have expired, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        WITH expired AS (
            SELECT nonce
            FROM used_nonces
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM used_nonces
        USING expired
        WHERE used_nonces.nonce = expired.nonce
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
