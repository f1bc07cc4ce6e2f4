"""The SQL of the kinds of second factors of a user: the column ``users.second_factor``."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection


async def replace_kinds(
    connection: Connection, user_id: UUID, *, added: Sequence[str], removed: Sequence[str]
) -> LockedAccount:
    """Change the kinds of a user, whose row is locked, and end all sessions; return the account in its new epoch.

    Known and remembered devices end with the epoch. A pending change of address ends, too: it may be the reason for
    changing the factors. Mailed tokens stay valid: none of them replaces a second factor.
    """
    async with connection.cursor(row_factory=class_row(LockedAccount)) as cursor:
        await cursor.execute(
            """
            WITH removed_change AS (
                DELETE FROM email_changes
                WHERE user_id = %(user_id)s
            )
            UPDATE users
            SET second_factor = ARRAY(
                    SELECT DISTINCT kind
                    FROM unnest(second_factor || %(added)s::text[]) AS kind
                    WHERE kind <> ALL(%(removed)s::text[])
                    ORDER BY kind
                ),
                session_epoch = session_epoch + 1,
                version = version + 1
            WHERE id = %(user_id)s
            RETURNING id AS user_id, is_active, session_epoch, email_verified_at IS NOT NULL AS is_verified,
                      must_change_password, NULLIF(roles, '{}') AS roles,
                      NULLIF(second_factor, '{}') AS second_factor
            """,
            {"user_id": user_id, "added": list(added), "removed": list(removed)},
        )
        (account,) = await cursor.fetchall()
        return account
