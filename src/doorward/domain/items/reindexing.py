"""Use case: index the items that were stored without a search index."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.items.indexing import index_of
from doorward.domain.items.models import ItemIndex, UnindexedItem
from doorward.domain.items.repositories import Connection, indexes

ITEMS_PER_BATCH: Final = 250
"""Each batch is one statement of some tens of milliseconds, which blocks changes of its items."""

CHARACTERS_PER_STATEMENT: Final = 250_000
"""Maximum characters of search vectors in one statement.

They determine its duration, which the session's timeout limits.
"""

PAUSE_SECONDS: Final = 0.01
"""Pause between two batches, so that other statements can run."""


Indexed = tuple[UnindexedItem, ItemIndex]


class Reindexing:
    """Index items that were stored before an upgrade, by an older version, or by hand."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        items_per_batch: int = ITEMS_PER_BATCH,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """Take the database, and the sizes of batches and pauses."""
        self._database = database
        self._items_per_batch = items_per_batch
        self._pause_seconds = pause_seconds

    async def run(self) -> int:
        """Index all items without an index; return how many. Their versions stay the same.

        Each batch is one statement. An item that is changed meanwhile is indexed by that change. Raises
        ``ServiceUnavailableError``; earlier batches stay indexed.
        """
        total, last_id = 0, UUID(int=0)
        while items := await self._unindexed_items(last_id):
            indexed: list[Indexed] = []
            for item in items:
                indexed.append((item, index_of(item.title, item.description)))
                # Indexing a long description takes some milliseconds.
                await asyncio.sleep(0)
            for part in parts_of(indexed):
                async with self._database.connection() as connection:
                    total += await indexes.update_indexes(connection, part)
            last_id = items[-1].id
            await asyncio.sleep(self._pause_seconds)
        return total

    async def _unindexed_items(self, after_id: UUID) -> Sequence[UnindexedItem]:
        async with self._database.connection() as connection:
            return await indexes.list_unindexed_items(connection, after_id=after_id, limit=self._items_per_batch)


def parts_of(indexed: Sequence[Indexed]) -> Iterator[Sequence[Indexed]]:
    """Yield the items in order, in parts that one statement may change. A longer item is a part of its own."""
    part: list[Indexed] = []
    characters = 0
    for item, index in indexed:
        if part and characters + len(index.search_vector) > CHARACTERS_PER_STATEMENT:
            yield part
            part, characters = [], 0
        part.append((item, index))
        characters += len(index.search_vector)
    if part:
        yield part
