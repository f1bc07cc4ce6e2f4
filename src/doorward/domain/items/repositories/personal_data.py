"""The SQL that exports a user's items. Call it in a transaction.

A server-side cursor keeps at most some hundred rows in memory.
"""

from collections.abc import AsyncGenerator
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.items.models import OwnedItem
from doorward.domain.items.repositories import Connection


async def list_owned_items(connection: Connection, owner_id: UUID) -> AsyncGenerator[OwnedItem]:
    """Find the items of an owner."""
    async with connection.cursor("items_of_owner", row_factory=class_row(OwnedItem)) as cursor:
        await cursor.execute(
            """
            SELECT id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at,
                external_id
            FROM items
            WHERE owner_id = %(owner_id)s
            ORDER BY created_at, id
            """,
            {"owner_id": owner_id},
        )
        async for item in cursor:
            yield item
