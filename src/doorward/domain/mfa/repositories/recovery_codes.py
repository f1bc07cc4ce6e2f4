"""The SQL of the table ``recovery_codes``: the unused codes of users, as MACs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.domain.mfa.repositories import Connection


async def replace_codes(connection: Connection, user_id: UUID, macs: Sequence[bytes], *, now: datetime) -> None:
    """Replace all codes of a user, whose row is locked."""
    await connection.execute(
        """
        WITH removed AS (
            DELETE FROM recovery_codes
            WHERE user_id = %(user_id)s
        )
        INSERT INTO recovery_codes (user_id, code_mac, created_at)
        SELECT %(user_id)s, mac, %(now)s
        FROM unnest(%(macs)s::bytea[]) AS mac
        """,
        {"user_id": user_id, "macs": list(macs), "now": now},
    )


async def consume_code(connection: Connection, user_id: UUID, macs: Sequence[bytes]) -> int | None:
    """Remove the code with one of these MACs, one per key; return how many codes are left.

    Return None if the code never existed, or was used. The caller must have locked the user.
    """
    cursor = await connection.execute(
        """
        WITH used AS (
            DELETE FROM recovery_codes
            WHERE user_id = %(user_id)s
              AND code_mac = ANY(%(macs)s)
            RETURNING code_mac
        )
        SELECT (SELECT count(*) FROM recovery_codes WHERE user_id = %(user_id)s) - 1
        FROM used
        """,
        {"user_id": user_id, "macs": list(macs)},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def find_code(connection: Connection, user_id: UUID, macs: Sequence[bytes]) -> bytes | None:
    """Find the code with one of these MACs; return its stored MAC."""
    cursor = await connection.execute(
        """
        SELECT code_mac
        FROM recovery_codes
        WHERE user_id = %(user_id)s
          AND code_mac = ANY(%(macs)s)
        """,
        {"user_id": user_id, "macs": list(macs)},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_codes(connection: Connection, user_id: UUID) -> None:
    """Remove all codes of a user."""
    await connection.execute(
        """
        DELETE FROM recovery_codes
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )
