"""What this domain speaks of: items, and what lists and changes of them are asked for. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Visibility = Literal["private", "shared"]
"""``private``: for its owner alone. ``shared``: every signed-in user can read it."""

Owner = Literal["me", "all"]
"""Whose items a list holds: the reader's own, or all that the reader can see."""

Sort = Literal["created_at", "-created_at", "title", "-title"]
"""The order of a list; a minus turns it round. Equals are ordered by id, so the order is total."""


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What an owner decides about an item."""

    title: str
    description: str = ""
    tags: Sequence[str] = ()
    year: int | None = None
    visibility: Visibility = "private"


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue entry. ``version`` grows by one with each change."""

    id: UUID
    owner_id: UUID
    title: str
    description: str
    tags: Sequence[str]
    year: int | None
    visibility: Visibility
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a list is narrowed to. ``title`` is a part of it in any case; ``tag`` and ``year`` are exact."""

    title: str | None = None
    tag: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Whose items a list holds, which of them, and in which order."""

    reader_id: UUID
    owner: Owner
    narrowed: ItemFilter
    sort: Sort = "-created_at"


@dataclass(frozen=True, slots=True)
class FoundItem(Item):
    """A result of a search, and how many results there are in all."""

    total: int
