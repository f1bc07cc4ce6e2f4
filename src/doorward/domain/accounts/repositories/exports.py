"""The SQL of an account as its owner exports it."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.accounts.models import ExportedAccount
from doorward.domain.accounts.repositories import Connection


async def find_account(connection: Connection, user_id: UUID, *, now: datetime) -> ExportedAccount | None:
    """Find all stored data of an account, except the password hash."""
    async with connection.cursor(row_factory=class_row(ExportedAccount)) as cursor:
        await cursor.execute(
            """
            SELECT users.id, users.email, users.email_verified_at, users.email_bounced_at, users.username,
                   users.locale, users.external_id, users.roles, users.second_factor AS second_factors,
                   users.must_change_password, users.was_verified, users.is_active, users.version, users.created_at,
                   users.updated_at, email_changes.email AS pending_email
            FROM users
            LEFT JOIN email_changes ON email_changes.user_id = users.id AND email_changes.expires_at > %(now)s
            WHERE users.id = %(user_id)s
            """,
            {"user_id": user_id, "now": now},
        )
        return await cursor.fetchone()
