"""The table ``oauth_client_secrets``: the newest secret of each client, which never expires, and the previous one."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import class_row

from doorward.domain.oauth.models import LiveSecret
from doorward.domain.oauth.repositories import Connection


async def add_secret(connection: Connection, client_id: str, secret_hash: bytes, *, now: datetime) -> bool:
    """Store the newest secret of a client; return False if the client already has this secret."""
    cursor = await connection.execute(
        """
        INSERT INTO oauth_client_secrets (client_id, secret_hash, created_at)
        VALUES (%(client_id)s, %(secret_hash)s, %(now)s)
        ON CONFLICT ON CONSTRAINT oauth_client_secrets_pkey DO NOTHING
        """,
        {"client_id": client_id, "secret_hash": secret_hash, "now": now},
    )
    return cursor.rowcount == 1


async def list_live_secrets(connection: Connection, client_id: str, *, now: datetime) -> Sequence[LiveSecret]:
    """Find when the live secrets of a client were created and expire, the oldest first."""
    async with connection.cursor(row_factory=class_row(LiveSecret)) as cursor:
        await cursor.execute(
            """
            SELECT created_at, expires_at
            FROM oauth_client_secrets
            WHERE client_id = %(client_id)s
              AND (expires_at IS NULL OR expires_at > %(now)s)
            ORDER BY created_at, expires_at NULLS LAST
            """,
            {"client_id": client_id, "now": now},
        )
        return await cursor.fetchall()


async def remove_expiring_secrets(connection: Connection, client_id: str) -> None:
    """Remove all secrets of a client except the newest."""
    await connection.execute(
        """
        DELETE FROM oauth_client_secrets
        WHERE client_id = %(client_id)s
          AND expires_at IS NOT NULL
        """,
        {"client_id": client_id},
    )


async def update_newest_secret(connection: Connection, client_id: str, *, expires_at: datetime) -> None:
    """Set when the newest secret of a client expires. Another secret is about to replace it."""
    await connection.execute(
        """
        UPDATE oauth_client_secrets
        SET expires_at = %(expires_at)s
        WHERE client_id = %(client_id)s
          AND expires_at IS NULL
        """,
        {"client_id": client_id, "expires_at": expires_at},
    )
