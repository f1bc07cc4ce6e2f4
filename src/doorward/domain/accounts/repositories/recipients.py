"""The SQL of users as recipients of mail."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.accounts.models import Recipient
from doorward.domain.accounts.repositories import Connection


async def find_recipient(connection: Connection, user_id: UUID) -> Recipient | None:
    """Find the recipient of mails about a user; None for a user without an address."""
    async with connection.cursor(row_factory=class_row(Recipient)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, email, email_key, username, locale,
                   email_verified_at IS NOT NULL AS is_verified,
                   email_bounced_at IS NOT NULL AS has_bounced
            FROM users
            WHERE id = %(user_id)s
              AND email IS NOT NULL
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def update_bounce(connection: Connection, email_key: str, *, bounced_at: datetime | None) -> None:
    """Store that an address was refused as unknown, or with None that mail reached it again."""
    await connection.execute(
        """
        UPDATE users
        SET email_bounced_at = %(bounced_at)s,
            version = version + 1
        WHERE email_key = %(email_key)s
          AND (email_bounced_at IS NULL) <> (%(bounced_at)s::timestamptz IS NULL)
        """,
        {"email_key": email_key, "bounced_at": bounced_at},
    )
