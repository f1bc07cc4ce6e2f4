"""The SQL of lists of users, the newest first.

The statements are planned for their values each time (``prepare=False``): a plan for a rare part of a name is slow for
a common one. The planner removes conditions whose parameter is NULL, and uses the index of the remaining one.
"""

from dataclasses import asdict
from typing import Any, Final

from psycopg import sql
from psycopg.rows import class_row, kwargs_row

from doorward.core.pages import Position
from doorward.domain.administration.exceptions import UserQueryTooBroadError
from doorward.domain.administration.models import AdministeredUser, UserQuery, UserStatus
from doorward.domain.administration.repositories import Connection, in_time

_WANTED: Final = sql.SQL(
    """(%(part)s::text IS NULL OR email_key LIKE %(part)s OR username_key LIKE %(part)s)
       AND (%(email)s::text IS NULL OR email_key = %(email)s)
       AND (%(username)s::text IS NULL OR username_key = %(username)s)
       AND (%(external_id)s::text IS NULL OR external_id = %(external_id)s)
       AND (%(is_active)s::boolean IS NULL OR is_active = %(is_active)s)
       AND (%(is_pending)s::boolean IS NULL OR (deletion_due_at IS NOT NULL) = %(is_pending)s)
       AND (%(is_verified)s::boolean IS NULL OR (email_verified_at IS NOT NULL) = %(is_verified)s)
       AND (%(role)s::text IS NULL OR (roles @> ARRAY[%(role)s::text] AND roles <> '{}'))
       AND (%(issuer)s::text IS NULL OR id IN (
           SELECT user_id FROM federated_identities
           WHERE issuer = %(issuer)s AND (%(subject)s::text IS NULL OR subject = %(subject)s)
       ))
       AND (%(created_since)s::timestamptz IS NULL OR created_at >= %(created_since)s)
       AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)"""
)


_COLUMNS: Final = sql.SQL(
    """id, email, email_verified_at, email_bounced_at, username, is_active, roles, locale, external_id,
       password_hash IS NOT NULL AS has_password, must_change_password, deletion_due_at, created_at, updated_at,
       version, second_factor AS second_factors"""
)
_IDENTITIES: Final = sql.SQL(
    """ARRAY(
           SELECT jsonb_build_object('issuer', issuer, 'subject', subject)
           FROM federated_identities
           WHERE federated_identities.user_id = {users}.id
           ORDER BY issuer, subject
       ) AS identities"""
)
_PAGE: Final = sql.SQL(
    """(%(after_id)s::uuid IS NULL OR (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
       ORDER BY created_at DESC, id DESC
       LIMIT %(limit)s"""
)


async def list_users(
    connection: Connection, wanted: UserQuery, *, after: Position | None, limit: int
) -> list[AdministeredUser]:
    """Find the users after a position. Raises ``UserQueryTooBroadError``."""
    async with in_time(UserQueryTooBroadError), connection.cursor(row_factory=class_row(AdministeredUser)) as cursor:
        await cursor.execute(
            sql.SQL("SELECT {columns}, {identities} FROM users WHERE {wanted} AND {page}").format(
                columns=_COLUMNS,
                identities=_IDENTITIES.format(users=sql.Identifier("users")),
                wanted=_WANTED,
                page=_PAGE,
            ),
            {**_parameters(wanted), "after_id": after and after.id, "after_at": after and after.value, "limit": limit},
            prepare=False,
        )
        return await cursor.fetchall()


async def list_counted_users(
    connection: Connection, wanted: UserQuery, *, after: Position | None, limit: int
) -> tuple[list[AdministeredUser], int | None]:
    """Find the users after a position, and count the whole list by reading each row.

    The count is None without a result. Raises ``UserQueryTooBroadError``.
    """
    async with in_time(UserQueryTooBroadError), connection.cursor(row_factory=kwargs_row(_counted)) as cursor:
        await cursor.execute(
            sql.SQL(
                """
                SELECT id, email, email_verified_at, email_bounced_at, username, is_active, roles, locale, external_id,
                       has_password, must_change_password, deletion_due_at, created_at, updated_at, version,
                       second_factors, total,
                       {identities}
                FROM (SELECT {columns}, count(*) OVER () AS total FROM users WHERE {wanted}) AS counted
                WHERE {page}
                """
            ).format(
                columns=_COLUMNS,
                identities=_IDENTITIES.format(users=sql.Identifier("counted")),
                wanted=_WANTED,
                page=_PAGE,
            ),
            {**_parameters(wanted), "after_id": after and after.id, "after_at": after and after.value, "limit": limit},
            prepare=False,
        )
        rows = await cursor.fetchall()
    return [user for user, _ in rows], rows[0][1] if rows else None


def _counted(*, total: int, **user: Any) -> tuple[AdministeredUser, int]:  # noqa: ANN401 - columns of any type
    return AdministeredUser(**user), total


async def get_estimate(connection: Connection, wanted: UserQuery) -> int:
    """Estimate the number of users in a list from the planner's statistics. Reads no row."""
    cursor = await connection.execute(
        sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM users WHERE {wanted}").format(wanted=_WANTED),
        _parameters(wanted),
        prepare=False,
    )
    row = await cursor.fetchone()
    return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0


def _parameters(wanted: UserQuery) -> dict[str, Any]:
    """Return the parameters of the condition. ``part`` must already be a LIKE pattern."""
    status = wanted.status
    return {
        **asdict(wanted),
        "is_active": None if status is None else status is UserStatus.ACTIVE,
        "is_pending": None if status in {None, UserStatus.ACTIVE} else status is UserStatus.DELETION_PENDING,
    }
