"""The SQL of the quota: the owner's lock and the number of items, each read in a statement of its own.

A statement sees what was committed when it began. So the count begins after the lock is held.
"""

from typing import Final
from uuid import UUID

from doorward.domain.items.repositories import Connection

OWNER_LOCKS: Final = 7_241_633_907
"""Tells the advisory locks of owners from others. Arbitrary, and never to be changed."""


async def lock_owner(connection: Connection, owner_id: UUID) -> None:
    """Hold the number of an owner's items until the transaction ends: one transaction at a time adds to it."""
    await connection.execute(
        """
        SELECT pg_advisory_xact_lock(hashtextextended(%(owner_id)s::text, %(space)s))
        """,
        {"owner_id": owner_id, "space": OWNER_LOCKS},
    )


async def count_owned_items(connection: Connection, owner_id: UUID, *, limit: int) -> int:
    """Count the items of an owner, and stop at a limit."""
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
