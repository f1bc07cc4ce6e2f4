"""The SQL of the table ``invitations``: one row per address, and no user row before the invitation is accepted."""

from collections.abc import Sequence
from dataclasses import asdict, field
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.accounts.mailed_secret import MAXIMUM_CODE_ATTEMPTS, ShownSecret, StoredSecret
from doorward.domain.accounts.repositories import Connection


@frozen
class NewInvitation:
    """An invitation about to be stored."""

    id: UUID
    email: str
    email_key: str
    created_at: datetime
    expires_at: datetime
    roles: Sequence[str] = ()
    invited_by: UUID | None = None


@frozen
class Invitation:
    """The address of an invitation, and the roles that its account gets. ``invited_by`` is None for an operator."""

    id: UUID
    email: str
    email_key: str
    roles: Sequence[str]
    invited_by: UUID | None


@frozen
class ClaimedInvitation(Invitation):
    """An invitation with one attempt of its code counted. ``code_mac`` is None if its code has expired."""

    code_mac: bytes | None = field(repr=False)


async def add_invitation(connection: Connection, new: NewInvitation) -> None:
    """Store an invitation, replacing an earlier one for the same address, whose link and code end."""
    await connection.execute(
        """
        INSERT INTO invitations (id, email, email_key, created_at, expires_at, roles, invited_by)
        VALUES (
            %(id)s, %(email)s, %(email_key)s, %(created_at)s, %(expires_at)s, %(roles)s, %(invited_by)s
        )
        ON CONFLICT ON CONSTRAINT invitations_email_key_key DO UPDATE
        SET id = excluded.id,
            email = excluded.email,
            secret_hash = NULL,
            code_mac = NULL,
            code_attempts = 0,
            code_expires_at = NULL,
            created_at = excluded.created_at,
            expires_at = excluded.expires_at,
            roles = excluded.roles,
            invited_by = excluded.invited_by
        """,
        {**asdict(new), "roles": list(new.roles)},
    )


async def lock_invitation(connection: Connection, invitation_id: UUID, *, now: datetime) -> Invitation | None:
    """Lock a live invitation until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Invitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, email_key, roles, invited_by
            FROM invitations
            WHERE id = %(id)s
              AND expires_at > %(now)s
            FOR UPDATE
            """,
            {"id": invitation_id, "now": now},
        )
        return await cursor.fetchone()


async def replace_mailed_secret(connection: Connection, invitation_id: UUID, stored: StoredSecret) -> None:
    """Store the secrets of the next mail, replacing those of the previous one."""
    await connection.execute(
        """
        UPDATE invitations
        SET secret_hash = %(secret_hash)s,
            code_mac = %(code_mac)s,
            code_attempts = 0,
            code_expires_at = %(code_expires_at)s,
            expires_at = %(expires_at)s
        WHERE id = %(id)s
        """,
        {"id": invitation_id, **asdict(stored)},
    )


async def find_by_token(connection: Connection, shown: ShownSecret, *, now: datetime) -> Invitation | None:
    """Find the live invitation of a mailed token."""
    async with connection.cursor(row_factory=class_row(Invitation)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, email_key, roles, invited_by
            FROM invitations
            WHERE id = %(subject_id)s
              AND secret_hash = %(digest)s
              AND expires_at > %(now)s
            """,
            {"subject_id": shown.subject_id, "digest": shown.digest, "now": now},
        )
        return await cursor.fetchone()


async def claim_code_attempt(connection: Connection, *, email_key: str, now: datetime) -> ClaimedInvitation | None:
    """Count one attempt of a code; return the invitation of the address if it has attempts left.

    The attempt is counted before any comparison, and committed by itself, so that concurrent attempts are counted one
    by one. The message in the write-ahead log, which PostgreSQL ignores, makes the commit wait for the disk also when
    no attempt is counted: otherwise the response time would reveal who is invited.
    """
    async with connection.cursor(row_factory=class_row(ClaimedInvitation)) as cursor:
        await cursor.execute(
            """
            WITH counted AS (
                UPDATE invitations
                SET code_attempts = code_attempts + 1
                WHERE email_key = %(email_key)s
                  AND code_attempts < %(most)s
                  AND expires_at > %(now)s
                RETURNING id, email, email_key, roles, invited_by,
                          CASE WHEN code_expires_at > %(now)s THEN code_mac END AS code_mac
            )
            SELECT counted.id, counted.email, counted.email_key, counted.roles, counted.invited_by, counted.code_mac
            FROM (SELECT pg_logical_emit_message(true, 'doorward', '')) AS written
            JOIN counted ON true
            """,
            {"email_key": email_key, "most": MAXIMUM_CODE_ATTEMPTS, "now": now},
        )
        return await cursor.fetchone()


async def remove_code_attempt(connection: Connection, shown: ShownSecret) -> None:
    """Undo the count of an attempt with a right code. Does nothing if the invitation was accepted or has a new code."""
    await connection.execute(
        """
        UPDATE invitations
        SET code_attempts = code_attempts - 1
        WHERE id = %(id)s
          AND code_mac = %(code_mac)s
          AND code_attempts > 0
        """,
        {"id": shown.subject_id, "code_mac": shown.digest},
    )


async def consume_invitation(connection: Connection, shown: ShownSecret, *, now: datetime) -> Invitation | None:
    """Remove a live invitation by its token or code. Of concurrent calls only one gets it."""
    async with connection.cursor(row_factory=class_row(Invitation)) as cursor:
        await cursor.execute(
            """
            DELETE FROM invitations
            WHERE id = %(subject_id)s
              AND expires_at > %(now)s
              AND CASE
                  WHEN %(is_code)s THEN code_mac = %(digest)s AND code_expires_at > %(now)s
                  ELSE secret_hash = %(digest)s
              END
            RETURNING id, email, email_key, roles, invited_by
            """,
            {**asdict(shown), "now": now},
        )
        return await cursor.fetchone()


async def remove_invitation(connection: Connection, invitation_id: UUID) -> None:
    """Remove an invitation. Its link and its code no longer work."""
    await connection.execute("DELETE FROM invitations WHERE id = %(id)s", {"id": invitation_id})


async def remove_expired_invitations(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove expired invitations, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        DELETE FROM invitations
        WHERE id IN (
            SELECT id
            FROM invitations
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
