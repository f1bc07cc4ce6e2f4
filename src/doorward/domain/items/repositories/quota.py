"""The SQL of the quota: the owner's lock and the number of items, in separate statements.

A statement sees the rows that were committed when it began, so the count must begin after the lock is held.
"""

from typing import Final
from uuid import UUID

from doorward.domain.items.repositories import Connection

OWNER_LOCKS: Final = 7_241_633_907
"""First key of the advisory locks of owners. Arbitrary, but it must never change."""


async def lock_owner(connection: Connection, owner_id: UUID) -> None:
    """Lock the number of an owner's items until the transaction ends: only one transaction at a time can add items."""
    await connection.execute(
        """
        SELECT pg_advisory_xact_lock(hashtextextended(%(owner_id)s::text, %(space)s))
        """,
        {"owner_id": owner_id, "space": OWNER_LOCKS},
    )


async def count_owned_items(connection: Connection, owner_id: UUID, *, limit: int) -> int:
    """Count the items of an owner, up to a limit."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM (
            SELECT id
            FROM items
            WHERE owner_id = %(owner_id)s
            LIMIT %(limit)s
        ) AS owned
        """,
        {"owner_id": owner_id, "limit": limit},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
