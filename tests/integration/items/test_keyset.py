"""Lists by cursor return every item once and in order, despite concurrent changes."""

import string
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.items.catalogue import ITEMS, Item, Owner
from tests.integration.service import FakeClock, MakeService, is_problem, mark

SORTS = ["-created_at", "created_at", "title", "-title"]
MANY = 240


async def _fill(owner: Owner, stranger: Owner, clock: FakeClock, tag: str) -> None:
    """Store many items with one tag: a third of them the stranger's, half shared, with equal times and titles."""
    for batch in range(4):
        for person in (owner, owner, stranger):
            for visibility in ("private", "shared"):
                titles = [f"{letter}{number % 2}" for number, letter in enumerate(string.ascii_letters[: MANY // 24])]
                lines = "".join(f"{title},{tag}\n" for title in titles)
                answer = await person.import_csv(f"title,tags\n{lines}", visibility=visibility)
                assert answer.json()["imported"] == MANY // 24
        clock.advance(timedelta(seconds=batch % 2))


async def _walk(reader: Owner, clock: FakeClock, **parameters: Any) -> list[Item]:
    """Follow the cursors to the end, adding items before and after the current position."""
    walked: list[Item] = []
    cursor: str | None = ""
    while cursor is not None:
        part = await reader.listing(**parameters, after=cursor)
        walked += part["items"]
        cursor = part["pagination"]["next_cursor"]
        clock.advance(timedelta(milliseconds=1))
        await reader.create_all("0", "zz", tags=[parameters["tag"], "added"])
        assert len(walked) < 3 * MANY
    return walked


def _order(item: Item, sort: str) -> tuple[str, str]:
    return item[sort.removeprefix("-")], item["id"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(("owner_filter", "expected"), [("me", MANY * 2 // 3), ("all", MANY * 5 // 6)])
async def test_following_cursors_returns_every_item_once_while_others_are_added(
    owner: Owner, stranger: Owner, clock: FakeClock, sort: str, owner_filter: str, expected: int
) -> None:
    tag = mark()
    await _fill(owner, stranger, clock, tag)
    walked = await _walk(owner, clock, tag=tag, owner=owner_filter, sort=sort, page_size=37)
    there_from_the_start = [item["id"] for item in walked if "added" not in item["tags"]]
    assert len(there_from_the_start) == expected
    assert len({item["id"] for item in walked}) == len(walked)
    assert walked == sorted(walked, key=lambda item: _order(item, sort), reverse=sort.startswith("-"))


async def test_a_full_last_page_has_no_next_cursor(owner: Owner) -> None:
    await owner.create_all("A", "B", "C", "D")
    first = await owner.get(owner="me", sort="title", page_size=2, after="")
    assert first.json()["pagination"].keys() == {"page_size", "next_cursor"}
    last = await owner.get(first.links["next"]["url"])
    assert [item["title"] for item in last.json()["items"]] == ["C", "D"]
    assert last.json()["pagination"] == {"page_size": 2, "next_cursor": None}
    assert set(last.links) == {"first"}
    assert (await owner.get(last.links["first"]["url"])).json() == first.json()


async def test_an_empty_list_has_one_empty_page(owner: Owner) -> None:
    part = await owner.listing(owner="me", after="")
    assert (part["items"], part["pagination"]["next_cursor"]) == ([], None)


@pytest.mark.parametrize("character", ['"', "\u6771", "\U0001f600"])
async def test_cursors_work_with_the_longest_titles(owner: Owner, character: str) -> None:
    titles = [character * 300, character * 299 + "~"]
    await owner.create_all(*titles)
    first = await owner.get(owner="me", sort="-title", page_size=1, after="")
    last = await owner.get(first.links["next"]["url"])
    found = {item["title"] for answer in (first, last) for item in answer.json()["items"]}
    assert found == set(titles)


async def _cursor(owner: Owner, sort: str = "title") -> str:
    await owner.create_all("A", "B")
    cursor: str = (await owner.listing(owner="me", sort=sort, page_size=1, after=""))["pagination"]["next_cursor"]
    return cursor


async def test_an_altered_cursor_is_refused(owner: Owner) -> None:
    cursor = await _cursor(owner)
    for place in range(0, len(cursor), 7):
        other = "A" if cursor[place] != "A" else "B"
        changed = cursor[:place] + other + cursor[place + 1 :]
        assert is_problem(await owner.get(ITEMS, sort="title", after=changed), 422, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["x", "\x00", "\u00e9", "null", "AAAA", "A" * 4096])
async def test_an_invalid_cursor_is_refused(owner: Owner, cursor: str) -> None:
    assert is_problem(await owner.get(ITEMS, after=cursor), 422, "invalid_cursor")


@pytest.mark.parametrize("sort", [each for each in SORTS if each != "title"])
async def test_a_cursor_of_another_order_is_refused(owner: Owner, sort: str) -> None:
    assert is_problem(await owner.get(ITEMS, sort=sort, after=await _cursor(owner)), 422, "invalid_cursor")


async def test_a_cursor_signed_with_another_secret_key_is_refused(owner: Owner, make_service: MakeService) -> None:
    other = await make_service(secret_key=mark() * 3)
    person = owner.person
    access = (await other.log_in(person)).access
    cursor = await _cursor(Owner(other, person, access))
    assert is_problem(await owner.get(ITEMS, sort="title", after=cursor), 422, "invalid_cursor")
