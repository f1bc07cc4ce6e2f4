"""The SQL of single items and of imports. An item can be read by its owner and, when it is shared, by every user."""

from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from operator import attrgetter
from typing import Final
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import class_row

from doorward.domain.items.exceptions import ItemOwnerGoneError, TooManyLinesError
from doorward.domain.items.models import Item
from doorward.domain.items.repositories import Connection, _in_time

_copied: Final = attrgetter(
    "id", "owner_id", "title", "description", "tags", "year", "visibility", "version", "created_at", "updated_at"
)


async def add_item(connection: Connection, item: Item) -> None:
    """Store a new item. Raises ``ItemOwnerGoneError``."""
    with _owner_exists():
        await connection.execute(
            """
            INSERT INTO items (
                id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at
            )
            VALUES (
                %(id)s, %(owner_id)s, %(title)s, %(description)s, %(tags)s, %(year)s, %(visibility)s, %(version)s,
                %(created_at)s, %(updated_at)s
            )
            """,
            asdict(item),
        )


async def add_items(connection: Connection, items: AsyncIterable[Item]) -> int:
    """Store many new items; return how many. Raises ``ItemOwnerGoneError`` or ``TooManyLinesError``."""
    count = 0
    with _owner_exists():
        async with (
            _in_time(TooManyLinesError),
            connection.cursor() as cursor,
            cursor.copy(
                """
                COPY items (
                    id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at
                )
                FROM STDIN
                """
            ) as copy,
        ):
            async for item in items:
                await copy.write_row(_copied(item))
                count += 1
    return count


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
            updated_at = %(updated_at)s
        WHERE id = %(id)s
        """,
        asdict(item),
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


@contextmanager
def _owner_exists() -> Iterator[None]:
    """Raise ``ItemOwnerGoneError`` if the account was deleted meanwhile, recognised by the constraint's name."""
    try:
        yield
    except ForeignKeyViolation as error:
        if error.diag.constraint_name == "items_owner_id_fkey":
            raise ItemOwnerGoneError from error
        raise
