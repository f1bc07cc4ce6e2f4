"""Types of the items domain: items, their changes, and the filters and orders of lists. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from doorward.core.frozen import frozen

Visibility = Literal["private", "shared"]
"""``private``: for its owner alone. ``shared``: every signed-in user can read it."""

Owner = Literal["me", "all"]
"""The items of a list: the reader's own, or all that the reader can see."""

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
    """An item with all that is stored of it, for its owner."""

    external_id: str | None


@frozen
class ImportedItem:
    """An item of a file. ``external_id`` is what its source calls it: no two items of an owner have the same one."""

    content: ItemContent
    external_id: str | None = None


@frozen
class ItemIndex:
    """What lists and searches find an item by, made of its title and description."""

    folded_title: str
    search_vector: str


@frozen
class UnindexedItem:
    """An item without an index. ``version`` tells whether it was changed meanwhile."""

    id: UUID
    version: int
    title: str
    description: str


class StagedItem(NamedTuple):
    """A line of a file on its way to the table of items, in the order of the staging table's columns."""

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
    """Whose items the staged lines become, when, and which fields the file has beside the title."""

    owner_id: UUID
    now: datetime
    has_description: bool
    has_tags: bool
    has_year: bool
    has_visibility: bool


@frozen
class StoredLines:
    """How many items a file added and how many it changed."""

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
    """None for callers without a user: they own nothing, and see what is shared."""
    owner: Owner
    filter: ItemFilter
    sort: Sort = "-created_at"


@frozen
class SearchQuery:
    """Two tsqueries: for items that have the words, and for items whose whole title they are."""

    words: str
    whole_title: str


@frozen(kw_only=True)
class FoundItem(Item):
    """A search result with the total number of results."""

    total: int
