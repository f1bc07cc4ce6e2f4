"""The SQL of single items. An item can be read by its owner and, if it is shared, by every user."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.items.indexing import index_of
from doorward.domain.items.models import Item
from doorward.domain.items.repositories import Connection, refusing_missing_owner


async def add_item(connection: Connection, item: Item) -> None:
    """Store a new item. Raises ``ItemOwnerGoneError``."""
    with refusing_missing_owner():
        await connection.execute(
            """
            INSERT INTO items (
                id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at,
                folded_title, search_vector
            )
            VALUES (
                %(id)s, %(owner_id)s, %(title)s, %(description)s, %(tags)s, %(year)s, %(visibility)s, %(version)s,
                %(created_at)s, %(updated_at)s, %(folded_title)s, %(search_vector)s::tsvector
            )
            """,
            _indexed(item),
        )


async def find_item(connection: Connection, item_id: UUID, reader_id: UUID | None) -> Item | None:
    """Find an item that this user can read."""
    async with connection.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(
            """
            SELECT id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at
            FROM items
            WHERE id = %(item_id)s
              AND (owner_id = %(reader_id)s OR visibility = 'shared')
            """,
            {"item_id": item_id, "reader_id": reader_id},
        )
        return await cursor.fetchone()


async def lock_item(connection: Connection, item_id: UUID, owner_id: UUID) -> Item | None:
    """Find an item of this owner, and lock it until the transaction ends. Items of other users are not locked."""
    async with connection.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(
            """
            SELECT id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at
            FROM items
            WHERE id = %(item_id)s
              AND owner_id = %(owner_id)s
            FOR UPDATE
            """,
            {"item_id": item_id, "owner_id": owner_id},
        )
        return await cursor.fetchone()


async def update_item(connection: Connection, item: Item) -> None:
    """Store the next version of a locked item."""
    await connection.execute(
        """
        UPDATE items
        SET title = %(title)s,
            description = %(description)s,
            tags = %(tags)s,
            year = %(year)s,
            visibility = %(visibility)s,
            version = %(version)s,
            updated_at = %(updated_at)s,
            folded_title = %(folded_title)s,
            search_vector = %(search_vector)s::tsvector
        WHERE id = %(id)s
        """,
        _indexed(item),
    )


async def remove_item(connection: Connection, item_id: UUID) -> None:
    """Delete a locked item."""
    await connection.execute(
        """
        DELETE FROM items
        WHERE id = %(item_id)s
        """,
        {"item_id": item_id},
    )


def _indexed(item: Item) -> Mapping[str, object]:
    """Return the item's columns, including its index."""
    return {**asdict(item), **asdict(index_of(item.title, item.description))}
