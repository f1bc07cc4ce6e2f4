"""The SQL that lists the second factors of a user."""

from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.mfa.models import OwnApplication
from doorward.domain.mfa.repositories import Connection


async def find_application(connection: Connection, user_id: UUID) -> OwnApplication | None:
    """Find the application of a user."""
    async with connection.cursor(row_factory=class_row(OwnApplication)) as cursor:
        await cursor.execute(
            """
            SELECT id, created_at
            FROM totp_factors
            WHERE user_id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def count_recovery_codes(connection: Connection, user_id: UUID) -> int:
    """Return how many unused codes a user has."""
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
