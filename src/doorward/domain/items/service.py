"""Use cases: create, get, list, search, replace, update and delete items."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from doorward.core.pages import CursorCodec, Page, PageRequest, Position, Slice
from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.items.exceptions import ItemQuotaReachedError
from doorward.domain.items.models import Item, ItemContent, ItemFilter, ItemQuery, SearchQuery, Sort
from doorward.domain.items.policy import (
    changed_item,
    check_read,
    checked_content,
    checked_filter,
    new_item,
    refusal_of_change,
)
from doorward.domain.items.repositories import Connection, entries, lists, quota
from doorward.domain.items.search import counted_words, likely_spellings, search_query, search_words


class Items:
    """Create, get, list, search, replace, update and delete the caller's own items, and get those that others share.

    For another user's private item the answer is ``ItemNotFoundError``, and no count includes it.
    """

    def __init__(self, *, database: Database[Connection], clock: Clock, cursors: CursorCodec, quota: int) -> None:
        self._quota = quota
        self._database = database
        self._clock = clock
        self._cursors = cursors

    async def create(self, owner_id: UUID, content: ItemContent) -> Item:
        """Store a new item, committed when this returns.

        Raises the ``Invalid...Error`` classes of content, or ``ItemQuotaReachedError``.
        """
        item = new_item(uuid4(), checked_content(content), owner_id, self._clock.now())
        async with self._database.transaction() as connection:
            await quota.lock_owner(connection, owner_id)
            if await quota.count_owned_items(connection, owner_id, limit=self._quota) >= self._quota:
                raise ItemQuotaReachedError
            await entries.add_item(connection, item)
        return item

    async def get(self, reader_id: UUID | None, item_id: UUID, is_expected: VersionTest) -> Item:
        """Return an item if its version is expected. Raises ``ItemNotFoundError`` or ``StaleItemError``."""
        async with self._database.connection() as connection:
            item = await entries.find_item(connection, item_id, reader_id)
        return check_read(item, is_expected)

    async def list_page(self, wanted: ItemQuery, page: PageRequest) -> Page[Item]:
        """Return a numbered page with exact totals. The cost grows with the page number and the number of items.

        Raises ``InvalidFilterError`` or ``QueryTooBroadError``.
        """
        wanted = dataclasses.replace(wanted, filter=checked_filter(wanted.filter))
        async with self._database.connection() as connection:
            items = await lists.list_items(connection, wanted, limit=page.page_size, offset=page.offset)
            is_whole_list = page.offset == 0 and len(items) < page.page_size
            total = len(items) if is_whole_list else await lists.count_items(connection, wanted)
        return Page(items, page, total)

    async def list_after(self, wanted: ItemQuery, cursor: str, page_size: int) -> Slice[Item]:
        """Return the items after a cursor, or the first ones for an empty cursor. The cost is the same at any position.

        Raises ``InvalidCursorError``, ``InvalidFilterError`` or ``QueryTooBroadError``.
        """
        wanted = dataclasses.replace(wanted, filter=checked_filter(wanted.filter))
        after = self._cursors.decode(cursor, wanted.sort) if cursor else None
        async with self._database.connection() as connection:
            items = await lists.list_items(connection, wanted, limit=page_size + 1, after=after)
        has_more = len(items) > page_size
        shown = items[:page_size]
        return Slice(shown, page_size, self._cursors.encode(_position(shown[-1], wanted.sort)) if has_more else None)

    async def search(
        self, reader_id: UUID | None, query: str, item_filter: ItemFilter, page: PageRequest
    ) -> Page[Item]:
        """Return the items with every word of the query, as a prefix; items whose whole title is the query come first.

        If there are none, one typing error in each word is forgiven. At most 10,000 matches are ranked and counted.
        Raises ``NoSearchWordsError``, ``InvalidFilterError`` or ``QueryTooBroadError``.
        """
        words = search_words(query)
        wanted = ItemQuery(reader_id=reader_id, owner="all", filter=checked_filter(item_filter))
        found = await self._find_matches(wanted, search_query(words), page)
        if found.total:
            return found
        spellings = {}
        for word in counted_words(words):
            async with self._database.connection() as connection:
                spellings[word] = await lists.list_known_spellings(connection, likely_spellings(word), reader_id)
        return await self._find_matches(wanted, search_query(words, spellings), page)

    async def _find_matches(self, wanted: ItemQuery, query: SearchQuery, page: PageRequest) -> Page[Item]:
        async with self._database.connection() as connection:
            items = await lists.list_matches(connection, wanted, query, limit=page.page_size, offset=page.offset)
            if not items and page.offset:
                # The page is past the last one: the first result has the total.
                first = await lists.list_matches(connection, wanted, query, limit=1, offset=0)
            else:
                first = items[:1]
        return Page(items, page, first[0].total if first else 0)

    async def replace(self, user_id: UUID, item_id: UUID, content: ItemContent, is_expected: VersionTest) -> Item:
        """Replace the content of an item if its version is expected.

        Raises ``ItemNotFoundError``, ``NotItemOwnerError``, ``StaleItemError``, ``ItemVersionsExhaustedError`` or an
        ``Invalid...Error`` of content.
        """
        checked = checked_content(content)
        return await self._change(user_id, item_id, is_expected, lambda _: checked)

    async def update(self, user_id: UUID, item_id: UUID, changes: Mapping[str, Any], is_expected: VersionTest) -> Item:
        """Change only the named fields of an item's content. Raises what ``replace`` raises."""
        return await self._change(
            user_id,
            item_id,
            is_expected,
            lambda content: checked_content(dataclasses.replace(content, **changes)),
        )

    async def _change(
        self,
        user_id: UUID,
        item_id: UUID,
        is_expected: VersionTest,
        change: Callable[[ItemContent], ItemContent],
    ) -> Item:
        async with self._database.transaction() as connection:
            item = await self._lock_for_change(connection, user_id, item_id, is_expected)
            changed = changed_item(item, change(item), self._clock.now())
            await entries.update_item(connection, changed)
        return changed

    async def delete(self, user_id: UUID, item_id: UUID, is_expected: VersionTest) -> None:
        """Delete an item. Raises ``ItemNotFoundError``, ``NotItemOwnerError`` or ``StaleItemError``."""
        async with self._database.transaction() as connection:
            item = await self._lock_for_change(connection, user_id, item_id, is_expected)
            await entries.remove_item(connection, item.id)

    async def _lock_for_change(
        self, connection: Connection, user_id: UUID, item_id: UUID, is_expected: VersionTest
    ) -> Item:
        """Lock an item of this user. For other users' items no lock is taken, so they cannot delay the owner."""
        owned = await entries.lock_item(connection, item_id, user_id)
        if owned is None:
            raise refusal_of_change(await entries.find_item(connection, item_id, user_id))
        return check_read(owned, is_expected)


def _position(item: Item, sort: Sort) -> Position:
    value = item.title if sort in {"title", "-title"} else item.created_at.isoformat()
    return Position(sort, value, str(item.id))
