"""The table ``signing_keys``."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.domain.keys.models import StoredKey

Connection = AsyncConnection[Any]


async def lock_table(connection: Connection) -> None:
    """Lock the table until the transaction ends. Other transactions that change keys wait; reads do not."""
    await connection.execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")


async def list_keys(connection: Connection) -> list[StoredKey]:
    """Find all keys, the oldest first."""
    async with connection.cursor(row_factory=class_row(StoredKey)) as cursor:
        await cursor.execute(
            """
            SELECT kid, algorithm, sealed, created_at, activates_at, retires_at, revoked_at
            FROM signing_keys
            ORDER BY created_at, kid
            """
        )
        return await cursor.fetchall()


async def list_published_keys(connection: Connection, *, retired_after: datetime) -> list[StoredKey]:
    """Find the keys that are neither revoked nor retired until ``retired_after``, the oldest first."""
    async with connection.cursor(row_factory=class_row(StoredKey)) as cursor:
        await cursor.execute(
            """
            SELECT kid, algorithm, sealed, created_at, activates_at, retires_at, revoked_at
            FROM signing_keys
            WHERE revoked_at IS NULL
              AND (retires_at IS NULL OR retires_at > %(retired_after)s)
            ORDER BY created_at, kid
            """,
            {"retired_after": retired_after},
        )
        return await cursor.fetchall()


async def add_key(connection: Connection, key: StoredKey) -> None:
    """Store a key."""
    await connection.execute(
        """
        INSERT INTO signing_keys (kid, algorithm, sealed, created_at, activates_at)
        VALUES (%(kid)s, %(algorithm)s, %(sealed)s, %(created_at)s, %(activates_at)s)
        """,
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "sealed": key.sealed,
            "created_at": key.created_at,
            "activates_at": key.activates_at,
        },
    )


async def update_key(connection: Connection, key: StoredKey) -> None:
    """Store the times of a key, and its sealed private key, which may only change to empty when it is destroyed."""
    await connection.execute(
        """
        UPDATE signing_keys
        SET sealed = %(sealed)s,
            activates_at = %(activates_at)s,
            retires_at = %(retires_at)s,
            revoked_at = %(revoked_at)s
        WHERE kid = %(kid)s
        """,
        {
            "kid": key.kid,
            "sealed": key.sealed,
            "activates_at": key.activates_at,
            "retires_at": key.retires_at,
            "revoked_at": key.revoked_at,
        },
    )


async def replace_sealed(connection: Connection, key: StoredKey, sealed: bytes) -> bool:
    """Replace the sealed key, unless it was changed meanwhile; return whether it was replaced."""
    cursor = await connection.execute(
        """
        UPDATE signing_keys
        SET sealed = %(sealed)s
        WHERE kid = %(kid)s
          AND sealed = %(old)s
        """,
        {"kid": key.kid, "old": key.sealed, "sealed": sealed},
    )
    return cursor.rowcount > 0


async def remove_keys(connection: Connection, *, retired_before: datetime) -> int:
    """Delete keys that retired before ``retired_before``; return how many. Revoked keys are kept."""
    cursor = await connection.execute(
        """
        DELETE FROM signing_keys
        WHERE revoked_at IS NULL
          AND retires_at <= %(retired_before)s
        """,
        {"retired_before": retired_before},
    )
    return cursor.rowcount
