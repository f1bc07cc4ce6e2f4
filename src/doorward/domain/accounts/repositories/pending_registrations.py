"""The SQL of the table ``pending_registrations``: registrations until their mails are answered.

An address that has an account has rows like any other, and every statement here costs the same for it.
"""

from dataclasses import asdict, field
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.accounts.mailed_secret import MAXIMUM_CODE_ATTEMPTS, ShownSecret, StoredSecret
from doorward.domain.accounts.repositories import Connection


@frozen
class NewRegistration:
    """A registration about to be stored."""

    id: UUID
    email: str
    email_key: str
    username: str
    username_key: str
    password_hash: str = field(repr=False)
    requester_secret_hash: bytes
    created_at: datetime
    expires_at: datetime


@frozen
class PendingRegistration:
    """The data of the account to be created."""

    id: UUID
    email: str
    email_key: str
    username: str
    password_hash: str = field(repr=False)


async def add_registration(connection: Connection, new: NewRegistration) -> bool:
    """Store a registration, replacing an earlier one for the same address and name, whose secrets end.

    Return False if a user has the name.
    """
    cursor = await connection.execute(
        """
        INSERT INTO pending_registrations (
            id, email, email_key, username, username_key, password_hash, requester_secret_hash, created_at, expires_at
        )
        SELECT %(id)s, %(email)s, %(email_key)s, %(username)s, %(username_key)s, %(password_hash)s,
               %(requester_secret_hash)s, %(created_at)s, %(expires_at)s
        WHERE NOT EXISTS (SELECT FROM users WHERE users.username_key = %(username_key)s)
        ON CONFLICT ON CONSTRAINT pending_registrations_email_key_username_key_key DO UPDATE
        SET id = excluded.id,
            email = excluded.email,
            username = excluded.username,
            password_hash = excluded.password_hash,
            requester_secret_hash = excluded.requester_secret_hash,
            secret_hash = NULL,
            code_mac = NULL,
            code_attempts = 0,
            code_expires_at = NULL,
            created_at = excluded.created_at,
            expires_at = excluded.expires_at
        """,
        asdict(new),
    )
    return cursor.rowcount == 1


async def lock_registration(connection: Connection, registration_id: UUID, *, now: datetime) -> str | None:
    """Lock a live registration; return the canonical address that its mail goes to."""
    cursor = await connection.execute(
        """
        SELECT email_key
        FROM pending_registrations
        WHERE id = %(id)s
          AND expires_at > %(now)s
        FOR UPDATE
        """,
        {"id": registration_id, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def replace_mailed_secret(
    connection: Connection, registration_id: UUID, stored: StoredSecret, *, longest: timedelta
) -> str | None:
    """Store the secrets of the next mail, replacing those of the previous one; return the address as typed.

    Extends the registration, up to ``longest`` after its creation.
    """
    cursor = await connection.execute(
        """
        UPDATE pending_registrations
        SET secret_hash = %(secret_hash)s,
            code_mac = %(code_mac)s,
            code_attempts = 0,
            code_expires_at = %(code_expires_at)s,
            expires_at = LEAST(%(expires_at)s, created_at + %(longest)s)
        WHERE id = %(id)s
        RETURNING email
        """,
        {"id": registration_id, **asdict(stored), "longest": longest},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def find_by_requester(
    connection: Connection, registration_id: UUID, *, requester_secret_hash: bytes, now: datetime
) -> str | None:
    """Find the address of a live registration by its requester's token."""
    cursor = await connection.execute(
        """
        SELECT email
        FROM pending_registrations
        WHERE id = %(id)s
          AND requester_secret_hash = %(requester_secret_hash)s
          AND expires_at > %(now)s
        """,
        {"id": registration_id, "requester_secret_hash": requester_secret_hash, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def find_by_token(connection: Connection, shown: ShownSecret, *, now: datetime) -> PendingRegistration | None:
    """Find the live registration of a mailed token."""
    async with connection.cursor(row_factory=class_row(PendingRegistration)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, email_key, username, password_hash
            FROM pending_registrations
            WHERE id = %(subject_id)s
              AND secret_hash = %(digest)s
              AND expires_at > %(now)s
            """,
            {"subject_id": shown.subject_id, "digest": shown.digest, "now": now},
        )
        return await cursor.fetchone()


async def find_by_names(
    connection: Connection, *, email_key: str, username_key: str, now: datetime
) -> PendingRegistration | None:
    """Find the live registration of an address and a user name."""
    async with connection.cursor(row_factory=class_row(PendingRegistration)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, email_key, username, password_hash
            FROM pending_registrations
            WHERE email_key = %(email_key)s
              AND username_key = %(username_key)s
              AND expires_at > %(now)s
            """,
            {"email_key": email_key, "username_key": username_key, "now": now},
        )
        return await cursor.fetchone()


async def claim_code_attempt(connection: Connection, registration_id: UUID, *, now: datetime) -> bytes | None:
    """Count one attempt of a code; return the MAC of the last mailed code, if it is valid and attempts are left.

    The attempt is counted before any comparison, and committed by itself, so that concurrent attempts are counted one
    by one.
    """
    cursor = await connection.execute(
        """
        UPDATE pending_registrations
        SET code_attempts = code_attempts + 1
        WHERE id = %(id)s
          AND code_attempts < %(most)s
          AND expires_at > %(now)s
        RETURNING CASE WHEN code_expires_at > %(now)s THEN code_mac END
        """,
        {"id": registration_id, "most": MAXIMUM_CODE_ATTEMPTS, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def consume_registration(
    connection: Connection, shown: ShownSecret, *, now: datetime
) -> PendingRegistration | None:
    """Remove a live registration by its token or code. Of concurrent calls only one gets it."""
    async with connection.cursor(row_factory=class_row(PendingRegistration)) as cursor:
        await cursor.execute(
            """
            DELETE FROM pending_registrations
            WHERE id = %(subject_id)s
              AND expires_at > %(now)s
              AND CASE
                  WHEN %(is_code)s THEN code_mac = %(digest)s AND code_expires_at > %(now)s
                  ELSE secret_hash = %(digest)s
              END
            RETURNING id, email, email_key, username, password_hash
            """,
            {**asdict(shown), "now": now},
        )
        return await cursor.fetchone()


async def remove_expired_registrations(connection: Connection, *, now: datetime, limit: int) -> int:
    """Remove expired registrations, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        DELETE FROM pending_registrations
        WHERE id IN (
            SELECT id
            FROM pending_registrations
            WHERE expires_at <= %(now)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        """,
        {"now": now, "limit": limit},
    )
    return cursor.rowcount
