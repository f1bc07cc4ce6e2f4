"""The SQL of the table ``federated_identities``, and of the users that are created with its rows."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.federation.models import ExternalUser, ForeignSubject, StoredIdentity
from doorward.domain.federation.repositories import Connection


async def list_identities(connection: Connection, user_id: UUID) -> AsyncGenerator[StoredIdentity]:
    """Stream the identities of a user for the data export. The server-side cursor needs a transaction."""
    async with connection.cursor("identities_of_user", row_factory=class_row(StoredIdentity)) as cursor:
        await cursor.execute(
            """
            SELECT issuer, subject, created_at
            FROM federated_identities
            WHERE user_id = %(user_id)s
            ORDER BY created_at, issuer, subject
            """,
            {"user_id": user_id},
        )
        async for identity in cursor:
            yield identity


async def list_users(connection: Connection, subjects: Sequence[ForeignSubject]) -> dict[ForeignSubject, ExternalUser]:
    """Find the local users of foreign subjects."""
    cursor = await connection.execute(
        """
        SELECT federated_identities.issuer, federated_identities.subject, users.id, users.is_active
        FROM unnest(%(issuers)s::text[], %(subjects)s::text[]) AS asked (issuer, subject)
        JOIN federated_identities USING (issuer, subject)
        JOIN users ON users.id = federated_identities.user_id
        """,
        {"issuers": [each.issuer for each in subjects], "subjects": [each.subject for each in subjects]},
    )
    return {
        ForeignSubject(issuer, subject): ExternalUser(user_id, is_active)
        async for issuer, subject, user_id, is_active in cursor
    }


async def add_user(
    connection: Connection, user_id: UUID, *, issuer: str, subject: str, username: str, now: datetime
) -> bool:
    """Store a foreign subject and its local user, without address and password; return False if the subject has a user.

    Of concurrent calls, one stores them; the others wait for its commit and store nothing. The identity is stored
    first, because the user depends on it; its foreign key to the user is checked at the end of the statement.
    """
    cursor = await connection.execute(
        """
        WITH identity AS (
            INSERT INTO federated_identities (issuer, subject, user_id, created_at)
            VALUES (%(issuer)s, %(subject)s, %(user_id)s, %(now)s)
            ON CONFLICT ON CONSTRAINT federated_identities_pkey DO NOTHING
            RETURNING user_id
        )
        INSERT INTO users (id, username, username_key, is_active)
        SELECT user_id, %(username)s, %(username_key)s, true
        FROM identity
        """,
        {
            "issuer": issuer,
            "subject": subject,
            "user_id": user_id,
            "username": username,
            "username_key": username.lower(),
            "now": now,
        },
    )
    return cursor.rowcount == 1


async def find_user(connection: Connection, subject: ForeignSubject) -> UUID | None:
    """Find the user that an identity is linked with."""
    cursor = await connection.execute(
        """
        SELECT user_id
        FROM federated_identities
        WHERE issuer = %(issuer)s
          AND subject = %(subject)s
        """,
        {"issuer": subject.issuer, "subject": subject.subject},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def list_linked(connection: Connection, user_id: UUID) -> Sequence[StoredIdentity]:
    """Find the identities of a user, the oldest first."""
    async with connection.cursor(row_factory=class_row(StoredIdentity)) as cursor:
        await cursor.execute(
            """
            SELECT issuer, subject, created_at
            FROM federated_identities
            WHERE user_id = %(user_id)s
            ORDER BY created_at, issuer, subject
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchall()


async def add_identity(connection: Connection, user_id: UUID, subject: ForeignSubject, *, now: datetime) -> bool:
    """Link an identity with a user; return False if it is linked already. Of concurrent calls, one stores it."""
    cursor = await connection.execute(
        """
        INSERT INTO federated_identities (issuer, subject, user_id, created_at)
        VALUES (%(issuer)s, %(subject)s, %(user_id)s, %(now)s)
        ON CONFLICT ON CONSTRAINT federated_identities_pkey DO NOTHING
        """,
        {"issuer": subject.issuer, "subject": subject.subject, "user_id": user_id, "now": now},
    )
    return cursor.rowcount == 1


async def remove_identities(connection: Connection, user_id: UUID) -> Sequence[str]:
    """Remove all identities of a user; return the issuer of each."""
    cursor = await connection.execute(
        """
        DELETE FROM federated_identities
        WHERE user_id = %(user_id)s
        RETURNING issuer
        """,
        {"user_id": user_id},
    )
    return sorted([issuer async for (issuer,) in cursor])


async def remove_identity(connection: Connection, user_id: UUID, subject: ForeignSubject) -> bool:
    """Remove an identity of a user; return whether it existed."""
    cursor = await connection.execute(
        """
        DELETE FROM federated_identities
        WHERE issuer = %(issuer)s
          AND subject = %(subject)s
          AND user_id = %(user_id)s
        """,
        {"issuer": subject.issuer, "subject": subject.subject, "user_id": user_id},
    )
    return cursor.rowcount == 1
