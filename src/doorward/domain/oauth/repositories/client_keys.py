"""The table ``oauth_client_keys``: the public keys of clients that authenticate with ``private_key_jwt``."""

from psycopg.rows import class_row

from doorward.domain.oauth.models import ClientKeySource
from doorward.domain.oauth.repositories import Connection


async def add_keys(connection: Connection, client_id: str, source: ClientKeySource) -> None:
    """Store or replace the source of a client's keys."""
    await connection.execute(
        """
        INSERT INTO oauth_client_keys (client_id, jwks, jwks_uri)
        VALUES (%(client_id)s, %(jwks)s, %(jwks_uri)s)
        ON CONFLICT ON CONSTRAINT oauth_client_keys_pkey DO UPDATE
        SET jwks = excluded.jwks,
            jwks_uri = excluded.jwks_uri
        """,
        {"client_id": client_id, "jwks": source.jwks, "jwks_uri": source.jwks_uri},
    )


async def find_keys(connection: Connection, client_id: str) -> ClientKeySource | None:
    """Find the source of a client's keys."""
    async with connection.cursor(row_factory=class_row(ClientKeySource)) as cursor:
        await cursor.execute(
            """
            SELECT jwks, jwks_uri
            FROM oauth_client_keys
            WHERE client_id = %(client_id)s
            """,
            {"client_id": client_id},
        )
        return await cursor.fetchone()
