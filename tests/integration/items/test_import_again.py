"""Repeated imports: external ids prevent duplicates, and only columns of the file are changed."""

import asyncio
import io
from typing import Any

import pytest

from doorward.domain.items.exceptions import ItemVersionsExhaustedError
from doorward.domain.items.importing import ImportRequest, ImportResult
from doorward.domain.items.repositories.personal_data import list_owned_items
from tests.integration.items.catalogue import Item, Owner, sign_in
from tests.integration.service import MakeService, is_problem, mark

FILMS = "movieId,title,genres\n1,Heat (1995),Crime\n2,Alien (1979),Horror|Sci-Fi\n"


def _counts(answer: Any) -> tuple[int, int, int, int]:
    body = answer.json()
    return body["imported"], body["updated"], body["unchanged"], body["skipped"]


async def _items(owner: Owner) -> dict[str, Item]:
    return {item["title"]: item for item in (await owner.listing(owner="me", page_size=100))["items"]}


async def test_the_same_file_again_changes_nothing(owner: Owner) -> None:
    assert _counts(await owner.import_csv(FILMS)) == (2, 0, 0, 0)
    before = await _items(owner)
    assert _counts(await owner.import_csv(FILMS)) == (0, 0, 2, 0)
    assert await _items(owner) == before


async def test_a_changed_line_creates_the_next_version_of_its_item(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    before = await _items(owner)
    changed = FILMS.replace("Crime", "Crime|Drama").replace("Alien", "Aliens") + "3,Ran (1985),Drama\n"
    assert _counts(await owner.import_csv(changed)) == (1, 2, 0, 0)
    after = await _items(owner)
    assert (after["Heat"]["tags"], after["Heat"]["version"]) == (["Crime", "Drama"], 2)
    assert (after["Aliens"]["id"], after["Aliens"]["version"]) == (before["Alien"]["id"], 2)
    assert after["Heat"]["created_at"] == before["Heat"]["created_at"]
    assert await owner.search("alien") == ["Aliens"]
    assert await owner.titles(title="aliens") == ["Aliens"]


async def test_a_changed_item_has_another_entity_tag(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    item = (await _items(owner))["Heat"]
    await owner.import_csv(FILMS.replace("Crime", "Drama"))
    assert is_problem(await owner.change("PATCH", item, {"year": 1}, '"1"'), 412, "stale_item")
    assert (await owner.change("PATCH", item, {"year": 1}, '"2"')).status_code == 200


async def test_fields_without_a_column_in_the_file_are_kept(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    item = (await _items(owner))["Heat"]
    await owner.change("PATCH", item, {"description": "A heist in L\u00e9on.", "visibility": "shared"})
    assert _counts(await owner.import_csv(FILMS)) == (0, 0, 2, 0)
    assert _counts(await owner.import_csv(FILMS.replace("Heat", "Hot"))) == (0, 1, 1, 0)
    after = (await _items(owner))["Hot"]
    assert (after["description"], after["visibility"], after["version"]) == ("A heist in L\u00e9on.", "shared", 3)
    assert await owner.search("leon hot") == ["Hot"]
    assert await owner.search("heat") == []


async def test_each_column_of_the_file_is_updated(owner: Owner) -> None:
    header = "external_id,title,description,tags,year,visibility\n"
    one, two = mark(), mark()
    await owner.import_csv(f"{header}x,A,{one},b,1,private\n")
    for line in (f"x,A,{two},b,1,private", f"x,A,{two},c,1,private", f"x,A,{two},c,,private", f"x,A,{two},c,,shared"):
        assert _counts(await owner.import_csv(f"{header}{line}\n")) == (0, 1, 0, 0)
    (item,) = (await _items(owner)).values()
    assert (item["description"], item["tags"], item["year"], item["visibility"]) == (two, ["c"], None, "shared")
    assert item["version"] == 5
    assert (await owner.search(one), await owner.search(two)) == ([], ["A"])


async def test_a_column_mapped_to_the_external_id_makes_an_import_repeatable(owner: Owner) -> None:
    file = "ISBN;Name\n978-3;Dune\n"
    for _ in range(2):
        answer = await owner.import_csv(file, columns="ISBN:external_id,Name:title")
    assert _counts(answer) == (0, 0, 1, 0)
    assert await owner.titles() == ["Dune"]


async def test_ids_of_two_sources_are_not_confused(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    assert _counts(await owner.import_csv("id,title\n1,Dune\n", columns="id:external_id")) == (1, 0, 0, 0)
    assert sorted(await owner.titles()) == ["Alien", "Dune", "Heat"]


async def test_of_lines_with_one_id_the_last_is_stored(owner: Owner) -> None:
    file = "userId,movieId,title,rating\n7,1,Heat,4\n7,2,Ran,5\n8,1,Heat,3\n9,1,Hot,3\n"
    assert _counts(await owner.import_csv(file)) == (2, 0, 2, 0)
    assert await owner.titles() == ["Ran", "Hot"]


async def test_bad_lines_of_a_file_with_repeated_ids_are_reported_once(owner: Owner) -> None:
    file = "movieId,title,year\n0,Bad,never\n1,Heat,1995\n1,Hot,1995\n2,Bad,never\n"
    answer = await owner.import_csv(file, on_error="skip")
    assert _counts(answer) == (1, 0, 1, 2)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/line/2", "/body/line/5"]
    assert await owner.titles() == ["Hot"]


async def test_files_without_ids_add_their_lines_each_time(owner: Owner) -> None:
    for _ in range(2):
        assert _counts(await owner.import_csv("title\nHeat\n")) == (1, 0, 0, 0)


async def test_external_ids_are_separate_for_each_owner(owner: Owner, stranger: Owner) -> None:
    await owner.import_csv(FILMS, visibility="shared")
    assert _counts(await stranger.import_csv(FILMS.replace("Heat", "Hot"))) == (2, 0, 0, 0)
    assert sorted(await owner.titles()) == ["Alien", "Heat"]


async def test_a_deleted_item_is_imported_again(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    await owner.change("DELETE", (await _items(owner))["Heat"])
    assert _counts(await owner.import_csv(FILMS)) == (1, 0, 1, 0)


async def test_a_line_without_an_id_is_an_error(owner: Owner) -> None:
    answer = await owner.import_csv("movieId,title\n,Heat\n2,Ran\n", on_error="skip")
    assert _counts(answer) == (1, 0, 0, 1)
    assert answer.json()["errors"][0]["code"] == "invalid_item_external_id"


async def _import_at_once(owner: Owner, files: list[str]) -> list[ImportResult]:
    """Import files concurrently, bypassing the limit of one import per user and process."""
    services = owner.service.app.state.services

    async def run(file: str) -> ImportResult:
        with services.edge.bulk_slot():
            result: ImportResult = await services.item_import.run(io.BytesIO(file.encode()), ImportRequest(owner.id))
        return result

    return await asyncio.gather(*map(run, files))


async def test_the_export_of_a_user_contains_the_external_ids(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    await owner.create("Ran")
    async with owner.service.database.transaction() as connection:
        exported = [item async for item in list_owned_items(connection, owner.id)]
    assert {(item.title, item.external_id) for item in exported} == {
        ("Heat", "movieid:1"),
        ("Alien", "movieid:2"),
        ("Ran", None),
    }


async def test_two_concurrent_imports_of_one_file_create_no_duplicates(
    make_service: MakeService, own_database: str
) -> None:
    owner = await sign_in(await make_service(database_url=own_database))
    lines = "".join(f"{number},Film {number},Drama\n" for number in range(2_000))
    results = await _import_at_once(owner, [f"movieId,title,genres\n{lines}"] * 2)
    assert sorted((result.imported, result.unchanged) for result in results) == [(0, 2_000), (2_000, 0)]
    assert owner.stored() == 2_000


async def test_a_change_during_an_import_is_not_lost(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    item = (await _items(owner))["Heat"]
    changed = FILMS.replace("Crime", "Drama")
    answers = await asyncio.gather(owner.import_csv(changed), owner.change("PATCH", item, {"description": "A heist."}))
    assert [answer.status_code for answer in answers] == [200, 200]
    after = (await _items(owner))["Heat"]
    assert (after["tags"], after["description"], after["version"]) == (["Drama"], "A heist.", 3)


@pytest.fixture
async def bounded(make_service: MakeService) -> Owner:
    return await sign_in(await make_service(quota_per_owner=2))


async def test_a_file_can_be_imported_again_at_the_quota(bounded: Owner) -> None:
    await bounded.import_csv(FILMS)
    assert _counts(await bounded.import_csv(FILMS.replace("Heat", "Hot"))) == (0, 1, 1, 0)
    refused = await bounded.import_csv(f"{FILMS}3,Ran,Drama\n")
    assert is_problem(refused, 403, "item_quota_reached")
    assert sorted(await bounded.titles()) == ["Alien", "Hot"]


async def test_a_file_that_changes_an_item_at_the_last_version_is_refused(owner: Owner) -> None:
    await owner.import_csv(FILMS)
    owner.service.sql("UPDATE items SET version = 2147483647 WHERE owner_id = %s", owner.id)
    assert _counts(await owner.import_csv(FILMS)) == (0, 0, 2, 0)
    answer = await owner.import_csv(FILMS.replace("Heat", "Hot"))
    assert is_problem(answer, 409, ItemVersionsExhaustedError.code)
    assert "Heat" in await owner.titles()


async def test_many_lines_with_one_id_are_imported_as_fast_as_others(owner: Owner) -> None:
    """The last of them is stored. Searching the following lines for each line would exceed the import's time limit."""
    await owner.import_csv("external_id,title\n1,Heat\n")
    answer = await owner.import_csv("external_id,title\n" + "1,Alien\n" * 40_000 + "1,Ran\n")
    assert _counts(answer) == (0, 1, 40_000, 0)
    assert list(await _items(owner)) == ["Ran"]


async def test_a_violated_unique_index_of_the_operator_returns_503(
    make_service: MakeService, own_database: str
) -> None:
    owner = await sign_in(await make_service(database_url=own_database))
    owner.service.sql("CREATE UNIQUE INDEX one_of_each_title ON items (title)")
    answer = await owner.import_csv("external_id,title\n1,Heat\n2,Heat\n")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
