"""The access to an item, and the check of its version."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from doorward.core.versions import VersionTest
from doorward.domain.items.exceptions import ItemNotFoundError, NotItemOwnerError, StaleItemError
from doorward.domain.items.models import ItemContent
from doorward.domain.items.policy import check_read, new_item, refusal_of_change

ITEM = new_item(uuid4(), ItemContent("Casablanca"), uuid4(), datetime(2026, 3, 1, 12, tzinfo=UTC))


def is_first(version: int) -> bool:
    return version == 1


def is_second(version: int) -> bool:
    return version == 2


def test_a_user_that_can_see_an_item_may_read_its_current_version() -> None:
    assert check_read(ITEM, is_first) is ITEM


def test_an_unexpected_version_is_stale() -> None:
    with pytest.raises(StaleItemError):
        check_read(ITEM, is_second)


@pytest.mark.parametrize("is_expected", [is_first, is_second])
def test_a_missing_item_is_not_found(is_expected: VersionTest) -> None:
    with pytest.raises(ItemNotFoundError):
        check_read(None, is_expected)


def test_a_refused_change_is_reported_as_not_found_if_the_item_is_not_visible() -> None:
    assert isinstance(refusal_of_change(ITEM), NotItemOwnerError)
    assert isinstance(refusal_of_change(None), ItemNotFoundError)
