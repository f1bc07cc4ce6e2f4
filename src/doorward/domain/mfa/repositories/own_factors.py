"""The SQL by which users see their second factors."""

from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.mfa.models import ListedFactor
from doorward.domain.mfa.repositories import Connection


async def list_totp_factors(connection: Connection, user_id: UUID) -> list[ListedFactor]:
    """Find the application of a user: one at most."""
    async with connection.cursor(row_factory=class_row(ListedFactor)) as cursor:
        await cursor.execute(
            """
            SELECT id, 'totp' AS kind, created_at
            FROM totp_factors
            WHERE user_id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchall()


async def count_recovery_codes(connection: Connection, user_id: UUID) -> int:
    """Return how many codes a user has left."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM recovery_codes
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
