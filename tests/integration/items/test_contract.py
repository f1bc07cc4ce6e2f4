"""The responses and headers of successful calls on items."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.items.catalogue import CSV, IMPORT, ITEMS, SEARCH, Owner, item_of, path_of
from tests.integration.service import FakeClock, Service, is_problem

FILM: dict[str, Any] = {
    "title": "Brief Encounter",
    "description": "A caf\u00e9 in wartime.",
    "tags": ["drama", "war"],
    "year": 1942,
    "visibility": "shared",
}
NO_ITEM = "00000000-0000-4000-8000-000000000001"
CALLS = [
    ("POST", ITEMS),
    ("GET", ITEMS),
    ("GET", f"{ITEMS}?after="),
    ("GET", f"{SEARCH}?q=a"),
    ("POST", IMPORT),
    *((method, path_of({"id": NO_ITEM})) for method in ("GET", "PUT", "PATCH", "DELETE")),
]


async def test_creating_returns_the_item_its_location_and_its_version(owner: Owner, clock: FakeClock) -> None:
    answer = await owner.post(FILM)
    item = item_of(answer)
    assert answer.status_code == 201
    assert answer.headers["location"] == path_of(item)
    assert answer.headers["etag"] == '"1"'
    assert UUID(item.pop("id")).version == 4
    now = clock.now().isoformat().replace("+00:00", "Z")
    assert item == {**FILM, "owner_id": owner.person.id, "version": 1, "created_at": now, "updated_at": now}


async def test_omitted_members_have_their_defaults(owner: Owner) -> None:
    item = await owner.create("Brief Encounter")
    assert {name: item[name] for name in FILM} == {
        "title": "Brief Encounter",
        "description": "",
        "tags": [],
        "year": None,
        "visibility": "private",
    }


async def test_text_is_stored_trimmed_and_composed(owner: Owner) -> None:
    item = await owner.create(" Ame\u0301lie ", tags=[" a ", "a"])
    assert (item["title"], item["tags"]) == ("Am\u00e9lie", ["a"])


async def test_reading_returns_the_same_item_as_creating(owner: Owner) -> None:
    item = await owner.create(**FILM)
    answer = await owner.get(path_of(item))
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert item_of(answer) == item


@pytest.mark.parametrize(("given", "status"), [('"1"', 304), ('W/"1"', 304), ("*", 304), ('"2"', 200), ('"x"', 200)])
async def test_an_unchanged_version_is_not_sent_again(owner: Owner, given: str, status: int) -> None:
    item = await owner.create()
    answer = await owner.call("GET", path_of(item), headers={"If-None-Match": given})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
    assert (answer.content == b"") is (status == 304)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"].split(", ")


async def test_put_replaces_the_whole_content(owner: Owner, clock: FakeClock) -> None:
    item = await owner.create(**FILM)
    clock.advance(timedelta(minutes=1))
    answer = await owner.change("PUT", item, {"title": "Rick's"})
    now = clock.now().isoformat().replace("+00:00", "Z")
    defaults: dict[str, Any] = {"description": "", "tags": [], "year": None, "visibility": "private"}
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert item_of(answer) == {**item, **defaults, "title": "Rick's", "version": 2, "updated_at": now}
    assert item_of(await owner.get(path_of(item))) == item_of(answer)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Rick's"},
        {"description": ""},
        {"tags": []},
        {"year": None},
        {"year": 1943},
        {"visibility": "private"},
        {"title": "Rick's", "tags": ["noir"]},
        {},
    ],
)
async def test_patch_changes_only_the_named_fields(owner: Owner, change: dict[str, object]) -> None:
    item = await owner.create(**FILM)
    answer = await owner.change("PATCH", item, change)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert item_of(answer) == {**item, **change, "version": 2}
    assert item_of(await owner.get(path_of(item))) == item_of(answer)


@pytest.mark.parametrize("kind", ["application/merge-patch+json", "Application/JSON; charset=utf-8"])
async def test_a_patch_has_the_type_of_merge_patch_or_json(owner: Owner, kind: str) -> None:
    item = await owner.create()
    answer = await owner.call("PATCH", path_of(item), content=b'{"year": 1942}', headers={"Content-Type": kind})
    assert (answer.status_code, item_of(answer)["year"]) == (200, 1942)


async def test_deleting_returns_no_content_and_removes_the_item(owner: Owner) -> None:
    item = await owner.create()
    answer = await owner.change("DELETE", item)
    assert (answer.status_code, answer.content) == (204, b"")
    assert is_problem(await owner.get(path_of(item)), 404, "item_not_found")
    assert is_problem(await owner.change("DELETE", item), 404, "item_not_found")


async def test_importing_returns_the_number_of_imported_lines(owner: Owner) -> None:
    answer = await owner.import_csv("title,year\nA,1\nB,2\n")
    counts = {"imported": 2, "updated": 0, "unchanged": 0, "skipped": 0}
    assert (answer.status_code, answer.json()) == (200, counts | {"errors": [], "unused_columns": []})


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_requires_a_token(service: Service, method: str, path: str) -> None:
    headers = {"Content-Type": CSV if path == IMPORT else "application/json"}
    answer = await service.client.request(method, path, content=b'{"title": "a"}', headers=headers)
    assert is_problem(answer, 401, "missing_access_token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="doorward"'


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_responses_are_cached_privately_and_revalidated(owner: Owner, method: str, path: str) -> None:
    answer = await owner.call(method, path, json={"title": "a"})
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"].split(", ")
