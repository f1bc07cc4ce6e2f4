"""Concurrent changes: with If-Match no update is lost, without it no field of another change is lost."""

import asyncio

import pytest

from doorward.domain.items.policy import LAST_VERSION
from tests.integration.items.catalogue import ITEMS, Owner, item_of, path_of
from tests.integration.service import Service, is_problem, statuses

AT_ONCE = 20


@pytest.mark.parametrize(("method", "content"), [("PUT", {"title": "B"}), ("PATCH", {"title": "B"}), ("DELETE", None)])
@pytest.mark.parametrize("etag", ['"1"', '"3"', '"9"', 'W/"2"', "2", "", '"a"'])
async def test_a_change_with_an_old_version_is_refused(owner: Owner, method: str, content: object, etag: str) -> None:
    item = item_of(await owner.change("PATCH", await owner.create("A"), {"year": 1942}))
    assert item["version"] == 2
    assert is_problem(await owner.change(method, item, content, etag), 412, "stale_item")
    assert item_of(await owner.get(path_of(item))) == item


@pytest.mark.parametrize(
    ("method", "content", "status"),
    [("PUT", {"title": "B"}, 200), ("PATCH", {"title": "B"}, 200), ("DELETE", None, 204)],
)
@pytest.mark.parametrize("etag", [None, '"1"', '"7", "1"', "*"])
async def test_a_change_with_the_current_version_is_made(
    owner: Owner, method: str, content: object, status: int, etag: str | None
) -> None:
    assert (await owner.change(method, await owner.create("A"), content, etag)).status_code == status


@pytest.mark.parametrize(("method", "content"), [("PUT", {"title": "B"}), ("PATCH", {"title": "B"}), ("DELETE", None)])
@pytest.mark.parametrize("tags", ['"1"', 'W/"1"', '"7", "1"', "*"])
async def test_a_change_is_refused_if_if_none_match_names_the_current_version(
    owner: Owner, method: str, content: object, tags: str
) -> None:
    item = await owner.create("A")
    refused = await owner.call(method, path_of(item), json=content, headers={"If-None-Match": tags})
    assert is_problem(refused, 412, "stale_item")
    assert item_of(await owner.get(path_of(item))) == item
    made = await owner.call(method, path_of(item), json=content, headers={"If-None-Match": '"2"'})
    assert made.status_code in {200, 204}


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "status"),
    [
        ('"1"', None, 200),
        ("*", None, 200),
        ('"2"', None, 412),
        ('W/"1"', None, 412),
        ('"1"', '"1"', 304),
        ('"2"', '"1"', 412),
    ],
)
async def test_a_read_evaluates_if_match_before_if_none_match(
    owner: Owner, if_match: str, if_none_match: str | None, status: int
) -> None:
    headers = {"If-Match": if_match, **({"If-None-Match": if_none_match} if if_none_match else {})}
    answer = await owner.call("GET", path_of(await owner.create()), headers=headers)
    assert answer.status_code == status
    assert status != 412 or is_problem(answer, 412, "stale_item")


async def test_of_20_concurrent_changes_with_one_version_one_succeeds(owner: Owner) -> None:
    item = await owner.create("A")
    changes = [owner.change("PUT", item, {"title": f"B{number}"}, '"1"') for number in range(AT_ONCE)]
    answers = await asyncio.gather(*changes)
    assert statuses(answers) == [200] + [412] * (AT_ONCE - 1)
    (made,) = [item_of(answer) for answer in answers if answer.status_code == 200]
    assert item_of(await owner.get(path_of(item))) == made
    assert made["version"] == 2


async def test_of_20_concurrent_deletions_with_one_version_one_succeeds(owner: Owner) -> None:
    item = await owner.create("A")
    answers = await asyncio.gather(*(owner.change("DELETE", item, etag='"1"') for _ in range(AT_ONCE)))
    assert statuses(answers) == [204] + [404] * (AT_ONCE - 1)


async def test_concurrent_patches_of_different_fields_are_all_kept(owner: Owner) -> None:
    item = await owner.create("A")
    change = {"title": "B", "description": "C", "tags": ["d"], "year": 1942, "visibility": "shared"}
    answers = await asyncio.gather(*(owner.change("PATCH", item, {name: value}) for name, value in change.items()))
    assert statuses(answers) == [200] * len(change)
    stored = item_of(await owner.get(path_of(item)))
    assert {name: stored[name] for name in change} == change
    assert sorted(item_of(answer)["version"] for answer in answers) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_item_at_the_last_version_can_be_deleted_but_not_changed(
    service: Service, owner: Owner, method: str
) -> None:
    item = await owner.create("A")
    service.sql("UPDATE items SET version = %s WHERE id = %s", LAST_VERSION - 1, item["id"])
    assert item_of(await owner.change(method, item, {"title": "B"}))["version"] == LAST_VERSION
    assert is_problem(await owner.change(method, item, {"title": "C"}), 409, "item_versions_exhausted")
    assert item_of(await owner.get(path_of(item)))["title"] == "B"
    assert (await owner.change("DELETE", item, None, f'"{LAST_VERSION}"')).status_code == 204


HUGE = [2**31, 2**63, 10**30, 10**4000]


@pytest.mark.parametrize("number", HUGE, ids=["2^31", "2^63", "31 digits", "4001 digits"])
@pytest.mark.parametrize(
    "query", ["?page={}", "?page_size={}", "?year={}", "/search?q=a&page={}", "/search?q=a&year={}"]
)
async def test_a_number_outside_the_column_range_is_refused_in_every_parameter(
    owner: Owner, query: str, number: int
) -> None:
    for written in (f"{number}", f"-{number}", f"%2B{number}", f"{number}.0"):
        assert (await owner.get(ITEMS + query.format(written))).status_code == 422
