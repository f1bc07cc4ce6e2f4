"""The pages that Link headers name."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import Request

from doorward.api.links import page_links, slice_links
from doorward.core.pages import MAXIMUM_OFFSET, Page, PageRequest, Slice

LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')


def _request(query: str = "") -> Request:
    headers = [(b"host", b'evil.example/"><')]
    return Request({"type": "http", "path": "/api/v1/items", "query_string": query.encode(), "headers": headers})


def _pages(page: int, total: int, size: int = 10, query: str = "") -> dict[str, int]:
    link = page_links(_request(query), Page([], PageRequest(page, size), total))["Link"]
    return {name: int(parse_qs(urlsplit(url).query)["page"][0]) for url, name in LINK.findall(link)}


@pytest.mark.parametrize(
    ("page", "total", "links"),
    [
        (1, 0, {"first": 1, "last": 1}),
        (1, 10, {"first": 1, "last": 1}),
        (1, 11, {"first": 1, "next": 2, "last": 2}),
        (2, 25, {"first": 1, "prev": 1, "next": 3, "last": 3}),
        (3, 25, {"first": 1, "prev": 2, "last": 3}),
        (9, 25, {"first": 1, "prev": 3, "last": 3}),
        (9, 0, {"first": 1, "prev": 1, "last": 1}),
    ],
)
def test_links_name_only_existing_pages(page: int, total: int, links: dict[str, int]) -> None:
    assert _pages(page, total) == links


def test_no_link_names_a_page_that_would_be_refused() -> None:
    deepest = MAXIMUM_OFFSET // 10 + 1
    assert _pages(deepest, 10**9) == {"first": 1, "prev": deepest - 1, "last": deepest}


def test_links_keep_the_filters_and_name_no_host() -> None:
    query = "title=%3E%3B+%22a%26b%22&tag=%C3%A9&page=2&page_size=10"
    link = page_links(_request(query), Page([], PageRequest(2, 10), 15))["Link"]
    assert link == (
        '</api/v1/items?title=%3E%3B+%22a%26b%22&tag=%C3%A9&page=1&page_size=10>; rel="first", '
        '</api/v1/items?title=%3E%3B+%22a%26b%22&tag=%C3%A9&page=1&page_size=10>; rel="prev", '
        '</api/v1/items?title=%3E%3B+%22a%26b%22&tag=%C3%A9&page=2&page_size=10>; rel="last"'
    )


def test_a_slice_has_links_to_the_first_and_the_next_slice() -> None:
    link = slice_links(_request("sort=title&after=abc"), Slice([], 10, "def"))["Link"]
    assert link == '</api/v1/items?sort=title&after=>; rel="first", </api/v1/items?sort=title&after=def>; rel="next"'


def test_the_last_slice_has_no_link_to_a_next_slice() -> None:
    assert slice_links(_request("after=abc"), Slice([], 10, None))["Link"] == '</api/v1/items?after=>; rel="first"'
