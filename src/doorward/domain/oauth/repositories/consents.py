"""The table ``oauth_consents``: one row per user and application."""

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.oauth.repositories import Connection


@frozen
class StoredConsent:
    """The consent of a user for one application."""

    client_id: str
    name: str
    scopes: Sequence[str]
    granted_at: datetime


async def lock_granted_scopes(connection: Connection, user_id: UUID, client_id: str) -> Sequence[str]:
    """Return the scopes that a user has granted to a client; empty without a consent.

    The consent is locked, so that it cannot be revoked before the transaction ends; then all that the transaction
    stored is revoked with it.
    """
    cursor = await connection.execute(
        """
        SELECT scopes
        FROM oauth_consents
        WHERE user_id = %(user_id)s
          AND client_id = %(client_id)s
        FOR KEY SHARE
        """,
        {"user_id": user_id, "client_id": client_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else ()


async def add_consent(
    connection: Connection, user_id: UUID, client_id: str, scopes: Collection[str], *, now: datetime
) -> None:
    """Store a consent. Its scopes are added to those that were granted before."""
    await connection.execute(
        """
        INSERT INTO oauth_consents (user_id, client_id, scopes, granted_at)
        VALUES (%(user_id)s, %(client_id)s, %(scopes)s, %(now)s)
        ON CONFLICT ON CONSTRAINT oauth_consents_pkey DO UPDATE
        SET scopes = ARRAY(
                SELECT unnest(oauth_consents.scopes)
                UNION SELECT unnest(excluded.scopes)
                ORDER BY 1
            ),
            granted_at = excluded.granted_at
        """,
        {"user_id": user_id, "client_id": client_id, "scopes": sorted(scopes), "now": now},
    )


async def list_consents(connection: Connection, user_id: UUID) -> Sequence[StoredConsent]:
    """Find the consents of a user, ordered by the name of the application."""
    async with connection.cursor(row_factory=class_row(StoredConsent)) as cursor:
        await cursor.execute(
            """
            SELECT oauth_consents.client_id, oauth_clients.name, oauth_consents.scopes, oauth_consents.granted_at
            FROM oauth_consents
            JOIN oauth_clients ON oauth_clients.client_id = oauth_consents.client_id
            WHERE oauth_consents.user_id = %(user_id)s
            ORDER BY oauth_clients.name, oauth_consents.client_id
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchall()


async def list_stored_consents(connection: Connection, user_id: UUID) -> AsyncGenerator[StoredConsent]:
    """Stream the consents of a user for the data export. The server-side cursor needs a transaction."""
    async with connection.cursor("consents_of_user", row_factory=class_row(StoredConsent)) as cursor:
        await cursor.execute(
            """
            SELECT oauth_consents.client_id, oauth_clients.name, oauth_consents.scopes, oauth_consents.granted_at
            FROM oauth_consents
            JOIN oauth_clients ON oauth_clients.client_id = oauth_consents.client_id
            WHERE oauth_consents.user_id = %(user_id)s
            ORDER BY oauth_consents.client_id
            """,
            {"user_id": user_id},
        )
        async for consent in cursor:
            yield consent


async def remove_consent(connection: Connection, user_id: UUID, client_id: str) -> bool:
    """Remove a consent; return whether it was there."""
    cursor = await connection.execute(
        """
        DELETE FROM oauth_consents
        WHERE user_id = %(user_id)s
          AND client_id = %(client_id)s
        """,
        {"user_id": user_id, "client_id": client_id},
    )
    return cursor.rowcount == 1


async def remove_consents_of_client(connection: Connection, client_id: str) -> None:
    """Remove all consents of a client."""
    await connection.execute(
        """
        DELETE FROM oauth_consents
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id},
    )
