"""The SQL that indexes stored items."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.items.models import ItemIndex, UnindexedItem
from doorward.domain.items.repositories import Connection


async def list_unindexed_items(connection: Connection, *, after_id: UUID, limit: int) -> Sequence[UnindexedItem]:
    """List items without an index, by id. ``after_id`` saves reading the items of earlier batches again."""
    async with connection.cursor(row_factory=class_row(UnindexedItem)) as cursor:
        await cursor.execute(
            """
            SELECT id, version, title, description
            FROM items
            WHERE folded_title IS NULL
              AND id > %(after_id)s
            ORDER BY id
            LIMIT %(limit)s
            """,
            {"after_id": after_id, "limit": limit},
        )
        return await cursor.fetchall()


async def update_indexes(connection: Connection, indexed: Sequence[tuple[UnindexedItem, ItemIndex]]) -> int:
    """Store the indexes of items, unless the items were changed meanwhile; return how many."""
    cursor = await connection.execute(
        """
        UPDATE items
        SET folded_title = fresh.folded_title,
            search_vector = fresh.search_vector::tsvector
        FROM unnest(
            %(ids)s::uuid[], %(versions)s::integer[], %(folded_titles)s::text[], %(search_vectors)s::text[]
        ) AS fresh (id, version, folded_title, search_vector)
        WHERE items.id = fresh.id
          AND items.version = fresh.version
          AND items.folded_title IS NULL
        """,
        {
            "ids": [item.id for item, _ in indexed],
            "versions": [item.version for item, _ in indexed],
            "folded_titles": [index.folded_title for _, index in indexed],
            "search_vectors": [index.search_vector for _, index in indexed],
        },
    )
    return cursor.rowcount
