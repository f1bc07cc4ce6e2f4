"""Ownership: another user's private item is not found, and a shared one can be read but not changed."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from doorward.domain.items.repositories import entries, lists
from doorward.infrastructure.postgres.database import PostgresDatabase
from tests.integration.items.catalogue import ITEMS, SEARCH, Item, Owner, item_of, never_an_item, page_of, path_of
from tests.integration.service import is_problem, mark

Call = Callable[[Owner, Item], Awaitable[httpx.Response]]
CALLS_BY_ID: dict[str, Call] = {
    "GET": lambda owner, item: owner.get(path_of(item)),
    "GET that knows the version": lambda owner, item: owner.call(
        "GET", path_of(item), headers={"If-None-Match": '"1"'}
    ),
    "PUT": lambda owner, item: owner.change("PUT", item, {"title": "Mine now"}),
    "PUT of that version": lambda owner, item: owner.change("PUT", item, {"title": "Mine now"}, '"1"'),
    "PUT of another version": lambda owner, item: owner.change("PUT", item, {"title": "Mine now"}, '"9"'),
    "PUT of no title": lambda owner, item: owner.change("PUT", item, {"title": ""}),
    "PATCH": lambda owner, item: owner.change("PATCH", item, {"visibility": "shared"}),
    "PATCH of no title": lambda owner, item: owner.change("PATCH", item, {"title": ""}),
    "DELETE": lambda owner, item: owner.change("DELETE", item),
    "DELETE of another version": lambda owner, item: owner.change("DELETE", item, etag='"9"'),
}
TABLES_OF_CALLS = re.compile(r"\b(items|sessions|users)\b")
BOUND_SECONDS = 60
"""Long, because the machine may be busy."""

CHANGES = [name for name in CALLS_BY_ID if not name.startswith("GET")]


@asynccontextmanager
async def _counted_statements(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Yield the statements that the calls send in the context, without those that prepare a new connection."""
    statements: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def counted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if TABLES_OF_CALLS.search(str(query)):
            statements.append(str(query))
        return await execute(self, query, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", counted)
        yield statements


def _without_ids(answer: httpx.Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
    return answer.status_code, headers, {**answer.json(), "correlation_id": ""}


@pytest.mark.parametrize("name", CALLS_BY_ID)
async def test_a_private_item_of_another_user_gets_the_response_of_an_unknown_one(
    owner: Owner, stranger: Owner, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    item = await owner.create()
    async with _counted_statements(monkeypatch) as for_a_hidden_one:
        hidden = await CALLS_BY_ID[name](stranger, item)
    async with _counted_statements(monkeypatch) as for_one_that_never_was:
        missing = await CALLS_BY_ID[name](stranger, never_an_item())
    assert missing.status_code in {404, 422}
    assert _without_ids(hidden) == _without_ids(missing)
    assert for_a_hidden_one == for_one_that_never_was
    assert len(for_one_that_never_was) >= 1
    assert item_of(await owner.get(path_of(item))) == item


async def test_private_items_of_others_are_in_no_list_count_or_search(owner: Owner, stranger: Owner) -> None:
    word = mark()
    await owner.create(f"The {word}", description=word, tags=[word], year=1942)
    narrowings: list[dict[str, Any]] = [{"title": word}, {"tag": word}, {"tag": word, "year": 1942}]
    for narrowing in narrowings:
        assert (await owner.listing(**narrowing))["pagination"]["total_items"] == 1
        for reader in ({"owner": "all"}, {"owner": "me"}):
            listed = await stranger.listing(**narrowing, **reader)
            assert (listed["items"], listed["pagination"]["total_items"]) == ([], 0)
            begun = await stranger.listing(**narrowing, **reader, after="")
            assert (begun["items"], begun["pagination"]["next_cursor"]) == ([], None)
    for query in (word, word[:-1], f"{word}x", f"x{word}"):
        assert await stranger.search(query) == []
    found = page_of(await stranger.get(SEARCH, q=word, page=2))
    assert found["pagination"]["total_items"] == 0
    assert await owner.search(word) == [f"The {word}"]


async def test_words_of_private_items_are_suggested_only_to_their_owner(owner: Owner, stranger: Owner) -> None:
    word = mark()
    item = await owner.create(word)
    async with owner.service.database.connection() as connection:
        assert await lists.list_known_spellings(connection, [word, mark()], owner.id) == [word]
        assert await lists.list_known_spellings(connection, [word], stranger.id) == []
        await owner.change("PATCH", item, {"visibility": "shared"})
        assert await lists.list_known_spellings(connection, [word], stranger.id) == [word]


async def test_private_items_of_others_do_not_add_to_a_total(owner: Owner, stranger: Owner) -> None:
    tag = mark()
    await owner.create_all("A", "B", tags=[tag], visibility="private")
    await owner.create_all("C", tags=[tag], visibility="shared")
    await stranger.create_all("D", "E", tags=[tag], visibility="private")
    for page in (1, 2):
        pagination = (await stranger.listing(tag=tag, page=page, page_size=2))["pagination"]
        assert pagination == {"page": page, "page_size": 2, "total_items": 3, "total_pages": 2}
    assert (await stranger.listing(tag=tag, owner="me", page_size=1))["pagination"]["total_items"] == 2
    assert (await owner.listing(tag=tag, owner="me", page_size=1))["pagination"]["total_items"] == 3


async def test_a_shared_item_is_read_listed_and_found_by_other_users(owner: Owner, stranger: Owner) -> None:
    word = mark()
    item = await owner.create(f"The {word}", tags=[word], visibility="shared")
    assert item_of(await stranger.get(path_of(item))) == item
    assert (await stranger.listing(tag=word))["items"] == [item]
    assert (await stranger.listing(tag=word, after=""))["items"] == [item]
    assert await stranger.search(word) == [f"The {word}"]
    assert await stranger.titles(tag=word, owner="me") == []


@pytest.mark.parametrize("name", [name for name in CHANGES if "no title" not in name])
async def test_a_shared_item_can_be_changed_only_by_its_owner(owner: Owner, stranger: Owner, name: str) -> None:
    item = await owner.create(visibility="shared")
    assert is_problem(await CALLS_BY_ID[name](stranger, item), 403, "not_item_owner")
    assert item_of(await owner.get(path_of(item))) == item


@pytest.mark.parametrize("name", [name for name in CHANGES if "no title" not in name])
@pytest.mark.parametrize("visibility", ["shared", "private"])
async def test_a_change_by_another_user_waits_for_no_lock(
    owner: Owner, stranger: Owner, visibility: str, name: str
) -> None:
    item = await owner.create(visibility=visibility)
    async with (
        asyncio.timeout(BOUND_SECONDS),
        await psycopg.AsyncConnection.connect(owner.service.database_url) as holding,
    ):
        await holding.execute("SELECT FROM items WHERE id = %s FOR UPDATE", (item["id"],))
        assert (await CALLS_BY_ID[name](stranger, item)).status_code == (403 if visibility == "shared" else 404)


async def test_a_change_by_another_user_locks_nothing(owner: Owner, stranger: Owner) -> None:
    item = await owner.create(visibility="shared")
    database: PostgresDatabase = owner.service.database
    async with database.transaction() as connection:
        assert await entries.lock_item(connection, UUID(item["id"]), stranger.id) is None
        # Fails at once if another transaction holds the lock.
        assert owner.service.sql("SELECT id FROM items WHERE id = %s FOR UPDATE NOWAIT", item["id"])


async def test_visibility_changes_by_patch_and_put_take_effect_at_once(owner: Owner, stranger: Owner) -> None:
    word = mark()
    item = await owner.create(f"The {word}", tags=[word])
    assert is_problem(await stranger.get(path_of(item)), 404, "item_not_found")
    shared = item_of(await owner.change("PATCH", item, {"visibility": "shared"}, '"1"'))
    assert item_of(await stranger.get(path_of(item))) == shared
    known = await stranger.call("GET", path_of(item), headers={"If-None-Match": '"2"'})
    assert (known.status_code, known.content) == (304, b"")
    assert (await stranger.listing(tag=word))["items"] == [shared]
    assert await stranger.search(f"the {word[:9]}") == [f"The {word}"]
    assert (await owner.change("PUT", item, {"title": word}, '"2"')).status_code == 200
    assert is_problem(await stranger.get(path_of(item)), 404, "item_not_found")


async def test_an_item_that_becomes_private_is_hidden_from_others_at_once(owner: Owner, stranger: Owner) -> None:
    tag = mark()
    items = [await owner.create(f"{tag} {number}", tags=[tag], visibility="shared") for number in range(3)]
    walk = await stranger.listing(tag=tag, after="", sort="title", page_size=1)
    assert (await owner.change("PATCH", items[1], {"visibility": "private"})).status_code == 200
    assert is_problem(await stranger.get(path_of(items[1])), 404, "item_not_found")
    assert await stranger.titles(owner="all", tag=tag, sort="title") == [items[0]["title"], items[2]["title"]]
    cursor = walk["pagination"]["next_cursor"]
    assert await stranger.titles(owner="all", tag=tag, sort="title", after=cursor) == [items[2]["title"]]
    assert sorted(await stranger.search(tag)) == [items[0]["title"], items[2]["title"]]
    assert len(await owner.search(tag)) == 3


async def test_a_client_cannot_set_the_owner_of_an_item(owner: Owner, stranger: Owner) -> None:
    answer = await owner.post({"title": "A", "owner_id": stranger.person.id})
    assert is_problem(answer, 422, "invalid_request")
    for field in ("id", "owner_id", "version", "created_at"):
        item = await owner.create()
        assert (await owner.change("PATCH", item, {field: item[field]})).status_code == 422


async def test_deleting_a_user_deletes_the_items(owner: Owner, stranger: Owner) -> None:
    item = await owner.create(visibility="shared")
    owner.service.sql("DELETE FROM users WHERE id = %s", owner.id)
    assert is_problem(await stranger.get(path_of(item)), 404, "item_not_found")
    assert owner.stored() == 0
    assert is_problem(await owner.get(ITEMS), 401, "invalid_access_token")


async def test_private_items_of_others_do_not_affect_a_search_with_a_typing_error(
    owner: Owner, stranger: Owner
) -> None:
    word = mark()
    await owner.import_csv("title\n" + f"{word}\n" * 10_001)
    mine = await stranger.create(word)
    assert await stranger.search(f"{word[:-1]}{'x' if word[-1] != 'x' else 'y'}") == [mine["title"]]
