"""Numbered pages: their offset, their number, and the maximum offset."""

import pytest

from doorward.core.exceptions import PageTooDeepError
from doorward.core.pages import MAXIMUM_OFFSET, Page, PageRequest


@pytest.mark.parametrize(("page", "size", "offset"), [(1, 1, 0), (1, 100, 0), (2, 20, 20), (3, 7, 14)])
def test_a_page_begins_after_all_earlier_pages(page: int, size: int, offset: int) -> None:
    assert PageRequest(page, size).offset == offset


@pytest.mark.parametrize(
    ("items", "size", "pages"), [(0, 20, 0), (1, 20, 1), (20, 20, 1), (21, 20, 2), (40, 20, 2), (5, 1, 5)]
)
def test_the_last_page_may_be_shorter(items: int, size: int, pages: int) -> None:
    assert Page([], PageRequest(1, size), items).total_pages == pages


def test_the_deepest_page_begins_at_the_maximum_offset() -> None:
    assert PageRequest(MAXIMUM_OFFSET // 100 + 1, 100).offset == MAXIMUM_OFFSET


@pytest.mark.parametrize(("page", "size"), [(MAXIMUM_OFFSET // 100 + 2, 100), (MAXIMUM_OFFSET + 2, 1), (10**30, 1)])
def test_pages_beyond_the_maximum_offset_are_refused(page: int, size: int) -> None:
    with pytest.raises(PageTooDeepError):
        PageRequest(page, size)
