"""The SQL of the table ``invitations`` for administrators: invitations that are not accepted yet."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.core.pages import Position
from doorward.domain.administration.models import PendingInvitation
from doorward.domain.administration.repositories import Connection


async def list_invitations(
    connection: Connection, *, after: Position | None, limit: int, now: datetime
) -> list[PendingInvitation]:
    """Find live invitations, the newest first, after a position."""
    async with connection.cursor(row_factory=class_row(PendingInvitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, roles, invited_by, created_at, expires_at
            FROM invitations
            WHERE expires_at > %(now)s
              AND (%(after_id)s::uuid IS NULL OR (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
            ORDER BY created_at DESC, id DESC
            LIMIT %(limit)s
            """,
            {"now": now, "after_id": after and after.id, "after_at": after and after.value, "limit": limit},
            prepare=False,
        )
        return await cursor.fetchall()


async def find_invitation(connection: Connection, invitation_id: UUID) -> PendingInvitation | None:
    """Find an invitation by its id."""
    async with connection.cursor(row_factory=class_row(PendingInvitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, roles, invited_by, created_at, expires_at
            FROM invitations
            WHERE id = %(id)s
            """,
            {"id": invitation_id},
        )
        return await cursor.fetchone()


async def lock_invitation(connection: Connection, invitation_id: UUID, *, now: datetime) -> PendingInvitation | None:
    """Lock a live invitation until the transaction ends."""
    async with connection.cursor(row_factory=class_row(PendingInvitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, roles, invited_by, created_at, expires_at
            FROM invitations
            WHERE id = %(id)s
              AND expires_at > %(now)s
            FOR UPDATE
            """,
            {"id": invitation_id, "now": now},
        )
        return await cursor.fetchone()


async def lock_invitation_of(connection: Connection, email_key: str) -> PendingInvitation | None:
    """Lock the invitation of an address until the transaction ends, if there is one."""
    async with connection.cursor(row_factory=class_row(PendingInvitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, roles, invited_by, created_at, expires_at
            FROM invitations
            WHERE email_key = %(email_key)s
            FOR UPDATE
            """,
            {"email_key": email_key},
        )
        return await cursor.fetchone()
