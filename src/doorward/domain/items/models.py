"""Types of the items domain: items, their changes, and the filters and orders of lists. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from doorward.core.frozen import frozen

Visibility = Literal["private", "shared"]
"""``private``: visible to its owner only. ``shared``: every signed-in user can read it."""

Owner = Literal["me", "all"]
"""Which items a list has: the reader's own, or all that the reader can see."""

Sort = Literal["created_at", "-created_at", "title", "-title"]
"""The order of a list; a minus means descending. The id decides between equal values, so the order is total."""


@frozen
class ItemContent:
    """The fields of an item that its owner sets."""

    title: str
    description: str = ""
    tags: Sequence[str] = ()
    year: int | None = None
    visibility: Visibility = "private"


@frozen(kw_only=True)
class Item(ItemContent):
    """A catalogue entry. ``version`` grows by one with each change."""

    id: UUID
    owner_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class OwnedItem(Item):
    """An item with all its stored data, for its owner."""

    external_id: str | None


@frozen
class ImportedItem:
    """An item of a file. ``external_id`` is its id in the source, unique per owner."""

    content: ItemContent
    external_id: str | None = None


@frozen
class ItemIndex:
    """The index of an item for lists and searches, made of its title and description."""

    folded_title: str
    search_vector: str


@frozen
class UnindexedItem:
    """An item without an index. ``version`` shows whether it was changed meanwhile."""

    id: UUID
    version: int
    title: str
    description: str


class StagedItem(NamedTuple):
    """A line of a file for the table of items, with the columns of the staging table in order."""

    id: UUID
    external_id: str | None
    title: str
    description: str
    tags: Sequence[str]
    year: int | None
    visibility: Visibility
    folded_title: str
    search_vector: str


@frozen(kw_only=True)
class StagedMerge:
    """The owner and the time of a merge of staged lines, and which fields the file has besides the title."""

    owner_id: UUID
    now: datetime
    has_description: bool
    has_tags: bool
    has_year: bool
    has_visibility: bool


@frozen
class StoredLines:
    """How many items a file added, and how many it changed."""

    added: int
    updated: int


@frozen
class ItemFilter:
    """The filter of a list. ``title`` matches a part of the folded title; ``tag`` and ``year`` match exactly."""

    title: str | None = None
    tag: str | None = None
    year: int | None = None


@frozen
class ItemQuery:
    """The owner, filter and order of a list."""

    reader_id: UUID | None
    """None for callers without a user, who own no items and see shared ones."""
    owner: Owner
    filter: ItemFilter
    sort: Sort = "-created_at"


@frozen
class SearchQuery:
    """Two tsqueries: for items with the words, and for items whose whole title is these words."""

    words: str
    whole_title: str


@frozen(kw_only=True)
class FoundItem(Item):
    """A search result with the total number of results."""

    total: int
