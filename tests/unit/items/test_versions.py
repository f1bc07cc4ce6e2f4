"""Versions of an item: the fields that stay and those that change."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from doorward.domain.items.models import Item, ItemContent
from doorward.domain.items.policy import changed_item, new_item

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT = ItemContent("Casablanca", "A film.", ["drama"], 1942, "shared")


def content_of(item: Item) -> ItemContent:
    return ItemContent(item.title, item.description, item.tags, item.year, item.visibility)


def test_a_new_item_is_its_owners_first_version() -> None:
    owner_id, item_id = uuid4(), uuid4()
    item = new_item(item_id, CONTENT, owner_id, NOW)
    assert (item.id, item.owner_id, item.version, item.created_at, item.updated_at) == (item_id, owner_id, 1, NOW, NOW)
    assert content_of(item) == CONTENT


def test_a_changed_item_is_the_next_version_of_the_same_item() -> None:
    item = new_item(uuid4(), CONTENT, uuid4(), NOW)
    later = NOW + timedelta(days=1)
    changed = changed_item(item, ItemContent("Rick's"), later)
    assert (changed.id, changed.owner_id, changed.created_at) == (item.id, item.owner_id, NOW)
    assert (changed.version, changed.updated_at) == (2, later)
    assert content_of(changed) == ItemContent("Rick's")
