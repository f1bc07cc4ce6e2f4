"""The SQL of user exports. Call it in a transaction: a server-side cursor keeps few rows in memory."""

from collections.abc import AsyncGenerator

from psycopg.rows import class_row

from doorward.domain.administration.exporting.models import ExportedUser
from doorward.domain.administration.repositories import Connection


async def list_users(connection: Connection) -> AsyncGenerator[ExportedUser]:
    """Find all users, the oldest first.

    Omits the hash of a password that must be replaced: an import would make that password valid again.
    """
    async with connection.cursor("exported_users", row_factory=class_row(ExportedUser)) as cursor:
        await cursor.execute(
            """
            SELECT email, username, CASE WHEN NOT must_change_password THEN password_hash END AS password_hash,
                   external_id, email_verified_at IS NOT NULL AS email_verified, roles, created_at, id,
                   is_active AS active
            FROM users
            ORDER BY created_at, id
            """
        )
        async for user in cursor:
            yield user
