"""Lists by page number: order, filters, totals and links."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.items.catalogue import ITEMS, Owner
from tests.integration.service import FakeClock, is_problem, mark


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, ["C", "A", "B"]),
        ("-created_at", ["C", "A", "B"]),
        ("created_at", ["B", "A", "C"]),
        ("title", ["A", "B", "C"]),
        ("-title", ["C", "B", "A"]),
    ],
)
async def test_a_list_has_the_requested_order_and_by_default_newest_first(
    owner: Owner, clock: FakeClock, sort: str | None, expected: list[str]
) -> None:
    for title in ("B", "A", "C"):
        await owner.create(title)
        clock.advance(timedelta(seconds=1))
    assert await owner.titles(**({"sort": sort} if sort else {})) == expected


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "title", "-title"])
async def test_pages_of_items_with_equal_sort_keys_have_each_item_once(owner: Owner, sort: str) -> None:
    for number in range(10):
        await owner.create("A", visibility="shared" if number % 2 else "private")
    pages = [await owner.listing(owner="me", sort=sort, page=page, page_size=4) for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [4, 4, 2, 0]
    ids = [item["id"] for page in pages for item in page["items"]]
    assert ids == sorted(set(ids), reverse=sort.startswith("-"))
    assert {page["pagination"]["total_items"] for page in pages} == {10}


async def test_a_page_contains_its_number_and_the_totals(owner: Owner) -> None:
    await owner.create_all("A", "B", "C")
    assert (await owner.listing(owner="me"))["pagination"] == {
        "page": 1,
        "page_size": 20,
        "total_items": 3,
        "total_pages": 1,
    }
    pagination = (await owner.listing(owner="me", page=9, page_size=2))["pagination"]
    assert pagination == {"page": 9, "page_size": 2, "total_items": 3, "total_pages": 2}
    assert (await owner.listing(owner="me", page_size=3))["pagination"]["total_items"] == 3


async def test_an_empty_list_has_no_pages(owner: Owner) -> None:
    listed = await owner.listing(owner="me")
    assert (listed["items"], listed["pagination"]["total_items"], listed["pagination"]["total_pages"]) == ([], 0, 0)


async def test_the_links_of_a_list_lead_through_all_pages(owner: Owner) -> None:
    tag = mark()
    await owner.create_all("A", "B", "C", "D", "E", tags=[tag])
    answer = await owner.get(tag=tag, sort="title", page_size=2)
    titles = [item["title"] for item in answer.json()["items"]]
    assert set(answer.links) == {"first", "next", "last"}
    while "next" in answer.links:
        answer = await owner.get(answer.links["next"]["url"])
        titles += [item["title"] for item in answer.json()["items"]]
    assert titles == ["A", "B", "C", "D", "E"]
    assert set(answer.links) == {"first", "prev", "last"}
    first = await owner.get(answer.links["first"]["url"])
    assert [item["title"] for item in first.json()["items"]] == ["A", "B"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"title": "casa"}, ["Casablanca"]),
        ({"title": "BLAN"}, ["Casablanca"]),
        ({"title": "caf\u00e9"}, ["Out of the CAF\u00c9"]),
        ({"title": "cafe\u0301"}, ["Out of the CAF\u00c9"]),
        ({"title": "cafe"}, ["Out of the CAF\u00c9"]),
        ({"title": "\uff28\uff45\uff41\uff54"}, ["Heat"]),
        ({"title": "h\u00ebat"}, ["Heat"]),
        ({"title": " of "}, ["Out of the CAF\u00c9"]),
        ({"title": ""}, ["Casablanca", "Heat", "Out of the CAF\u00c9"]),
        ({"title": "*"}, []),
        ({"tag": "drama"}, ["Casablanca", "Heat"]),
        ({"tag": " drama "}, ["Casablanca", "Heat"]),
        ({"tag": "dram"}, []),
        ({"tag": "Drama"}, []),
        ({"tag": ""}, ["Casablanca", "Heat", "Out of the CAF\u00c9"]),
        ({"tag": "nothing"}, []),
        ({"year": 1942}, ["Casablanca", "Out of the CAF\u00c9"]),
        ({"year": 1943}, []),
        ({"tag": "drama", "year": 1942}, ["Casablanca"]),
        ({"title": "a", "tag": "drama", "year": 1995}, ["Heat"]),
        ({"title": "casa", "tag": "drama", "year": 1995}, []),
    ],
)
async def test_filters_narrow_a_list_alone_and_combined(
    owner: Owner, filters: dict[str, Any], expected: list[str]
) -> None:
    await owner.create("Casablanca", tags=["drama", "war"], year=1942)
    await owner.create("Heat", tags=["drama"], year=1995)
    await owner.create("Out of the CAF\u00c9", year=1942)
    assert await owner.titles(**filters, sort="title") == expected
    assert await owner.titles(**filters, sort="title", after="") == expected
    assert (await owner.listing(owner="me", **filters, page_size=1))["pagination"]["total_items"] == len(expected)


@pytest.mark.parametrize("part", ["%", "_", "\\", "%%", "\\%", "'", "100%", "a_b", "\\\\", '"', ";--"])
async def test_a_part_of_a_title_is_taken_literally(owner: Owner, part: str) -> None:
    await owner.create_all("100 percent", "axb", "plain")
    await owner.create(f"x{part}y")
    assert await owner.titles(title=part) == [f"x{part}y"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "NaN"},
        {"page": "1.5"},
        {"page": ""},
        {"page": "9" * 5000},
        {"page_size": "0"},
        {"page_size": "-1"},
        {"page_size": "101"},
        {"page_size": "NaN"},
        {"page_size": "Infinity"},
        {"page_size": "9" * 5000},
        {"page_size": "ten"},
        {"page_size": "\u221e"},
        {"sort": "owner_id"},
        {"sort": "version"},
        {"sort": "title; DROP TABLE items"},
        {"sort": ""},
        {"sort": "+title"},
        {"owner": "you"},
        {"year": "0"},
        {"year": "10000"},
        {"year": "NaN"},
        {"title": "a" * 301},
        {"tag": "a" * 301},
        {"colour": "red"},
        {"page": "1", "after": ""},
        {"after": "a" * 4097},
    ],
)
async def test_invalid_parameters_are_refused(owner: Owner, parameters: dict[str, str]) -> None:
    assert is_problem(await owner.get(ITEMS, **parameters), 422, "invalid_request")


@pytest.mark.parametrize("name", ["title", "tag"])
@pytest.mark.parametrize("text", ["\x00", "a\x00b", "a\nb", "\x7f"])
async def test_a_filter_with_an_impossible_value_is_refused(owner: Owner, name: str, text: str) -> None:
    assert is_problem(await owner.get(ITEMS, **{name: text}), 422, "invalid_filter")
    assert is_problem(await owner.get(ITEMS, **{name: text, "after": ""}), 422, "invalid_filter")


@pytest.mark.parametrize(("page", "size"), [(10_002, 100), (1_000_002, 1), (10**30, 1)])
async def test_a_page_beyond_the_limit_is_refused(owner: Owner, page: int, size: int) -> None:
    assert is_problem(await owner.get(ITEMS, page=page, page_size=size), 422, "page_too_deep")


async def test_the_maximum_page_size_is_a_hundred(owner: Owner) -> None:
    assert (await owner.listing(owner="me", page_size=100))["pagination"]["page_size"] == 100
