"""The tables ``oauth_registration_tokens`` and ``oauth_registered_clients``."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.auth.tokens.opaque_token import OpaqueToken
from doorward.domain.oauth.registration_models import InitialToken, InitialTokenContent, StoredRegistration
from doorward.domain.oauth.repositories import Connection


async def lock_tokens(connection: Connection) -> None:
    """Lock the initial tokens until the transaction ends. Other transactions that write to them wait; reads do not."""
    await connection.execute("LOCK TABLE oauth_registration_tokens IN SHARE ROW EXCLUSIVE MODE")


async def count_tokens(connection: Connection) -> int:
    """Count the initial tokens."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM oauth_registration_tokens
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_token(connection: Connection, token: OpaqueToken, content: InitialTokenContent, *, now: datetime) -> None:
    """Store an initial token."""
    await connection.execute(
        """
        INSERT INTO oauth_registration_tokens (
            id, secret_hash, name, scopes, resources, uses_left, created_at, expires_at
        )
        VALUES (
            %(id)s, %(secret_hash)s, %(name)s, %(scopes)s, %(resources)s, %(uses_left)s, %(now)s, %(expires_at)s
        )
        """,
        {
            "id": token.id,
            "secret_hash": token.secret_hash,
            "name": content.name,
            "scopes": list(content.scopes),
            "resources": list(content.resources),
            "uses_left": content.uses,
            "now": now,
            "expires_at": now + content.life,
        },
    )


async def list_tokens(connection: Connection) -> Sequence[InitialToken]:
    """Find the initial tokens, the oldest first, also those that are used up or have expired."""
    async with connection.cursor(row_factory=class_row(InitialToken)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, scopes, resources, uses_left, created_at, expires_at
            FROM oauth_registration_tokens
            ORDER BY created_at, id
            """
        )
        return await cursor.fetchall()


async def remove_token(connection: Connection, token_id: UUID) -> bool:
    """Remove an initial token; return whether it existed."""
    cursor = await connection.execute(
        """
        DELETE FROM oauth_registration_tokens
        WHERE id = %(id)s
        """,
        {"id": token_id},
    )
    return cursor.rowcount == 1


async def consume_use(connection: Connection, token: OpaqueToken, *, now: datetime) -> InitialToken | None:
    """Consume one use of a live initial token and return the token; None if there is no such token."""
    async with connection.cursor(row_factory=class_row(InitialToken)) as cursor:
        await cursor.execute(
            """
            UPDATE oauth_registration_tokens
            SET uses_left = uses_left - 1
            WHERE id = %(id)s
              AND secret_hash = %(secret_hash)s
              AND uses_left > 0
              AND expires_at > %(now)s
            RETURNING id, name, scopes, resources, uses_left, created_at, expires_at
            """,
            {"id": token.id, "secret_hash": token.secret_hash, "now": now},
        )
        return await cursor.fetchone()


async def count_registered_clients(connection: Connection) -> int:
    """Count the clients that registered themselves."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM oauth_registered_clients
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_registration(connection: Connection, token: OpaqueToken, registration: StoredRegistration) -> None:
    """Store the registration access token of a client, and the scopes and resources that the client may request."""
    await connection.execute(
        """
        INSERT INTO oauth_registered_clients (id, client_id, secret_hash, scopes, resources)
        VALUES (%(id)s, %(client_id)s, %(secret_hash)s, %(scopes)s, %(resources)s)
        """,
        {
            "id": token.id,
            "client_id": registration.client_id,
            "secret_hash": token.secret_hash,
            "scopes": list(registration.scopes),
            "resources": list(registration.resources),
        },
    )


async def update_allowed(
    connection: Connection, client_id: str, *, scopes: Sequence[str] | None, resources: Sequence[str] | None
) -> None:
    """Replace the scopes and resources that a client may request, unless they are None.

    Clients that did not register themselves have no such row.
    """
    await connection.execute(
        """
        UPDATE oauth_registered_clients
        SET scopes = COALESCE(%(scopes)s::text[], scopes),
            resources = COALESCE(%(resources)s::text[], resources)
        WHERE client_id = %(client_id)s
        """,
        {
            "client_id": client_id,
            "scopes": None if scopes is None else list(scopes),
            "resources": None if resources is None else list(resources),
        },
    )


async def find_registration(connection: Connection, token: OpaqueToken) -> StoredRegistration | None:
    """Find the registration of the client that has this registration access token."""
    async with connection.cursor(row_factory=class_row(StoredRegistration)) as cursor:
        await cursor.execute(
            """
            SELECT client_id, scopes, resources
            FROM oauth_registered_clients
            WHERE id = %(id)s
              AND secret_hash = %(secret_hash)s
            """,
            {"id": token.id, "secret_hash": token.secret_hash},
        )
        return await cursor.fetchone()
