"""Who may change an item, and in which version."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from doorward.domain.items.exceptions import ItemNotFoundError, NotItemOwnerError, StaleItemError
from doorward.domain.items.models import ItemContent
from doorward.domain.items.policy import check_change, new_item

OWNER, STRANGER = uuid4(), uuid4()
ITEM = new_item(uuid4(), ItemContent("Casablanca"), OWNER, datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("versions", [None, {1}, {7, 1}])
def test_its_owner_may_change_the_version_that_is_there(versions: Collection[int] | None) -> None:
    assert check_change(ITEM, OWNER, versions) is ITEM


@pytest.mark.parametrize("versions", [set(), {0}, {2}, {2, 3}])
def test_a_version_that_is_no_more_is_stale(versions: Collection[int]) -> None:
    with pytest.raises(StaleItemError):
        check_change(ITEM, OWNER, versions)


@pytest.mark.parametrize("versions", [None, {1}, {2}])
def test_nobody_else_may_change_it_whatever_they_expect(versions: Collection[int] | None) -> None:
    with pytest.raises(NotItemOwnerError):
        check_change(ITEM, STRANGER, versions)


@pytest.mark.parametrize("versions", [None, {1}, set()])
def test_what_is_not_there_is_not_found(versions: Collection[int] | None) -> None:
    with pytest.raises(ItemNotFoundError):
        check_change(None, OWNER, versions)
