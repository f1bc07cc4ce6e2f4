"""Responses of the calls on items while PostgreSQL is slow or rows are locked."""

import asyncio
from dataclasses import replace

import httpx
import psycopg
import pytest

from development.long_timeouts import LONG_TIMEOUTS
from doorward.domain.items.exceptions import QueryTooBroadError
from doorward.domain.items.models import ItemFilter, ItemQuery
from doorward.domain.items.repositories import lists
from tests.integration.items.catalogue import ITEMS, SEARCH, Owner, path_of, sign_in
from tests.integration.service import PARTS, MakeService, is_problem

BOUND_SECONDS = 60
"""Long, because the machine may be busy."""


@pytest.fixture
async def slow(make_service: MakeService, own_database: str) -> Owner:
    """A user in a separate database, which takes a minute to read a title."""
    # Shorter than the service's own timeout.
    parts = replace(PARTS, timeouts=replace(LONG_TIMEOUTS, statement="1s"))
    owner = await sign_in(await make_service(parts, database_url=own_database))
    await owner.create("Casablanca")
    owner.service.sql("ALTER TABLE items RENAME TO stored_items")
    owner.service.sql("CREATE VIEW items AS SELECT * FROM stored_items WHERE pg_sleep(60) IS NOT NULL")
    return owner


@pytest.fixture
async def impatient(make_service: MakeService) -> Owner:
    """A user of a service that waits a second for a lock."""
    return await sign_in(await make_service(replace(PARTS, timeouts=replace(LONG_TIMEOUTS, lock="1s"))))


def _is_unavailable(answer: httpx.Response) -> bool:
    return is_problem(answer, 503, "service_unavailable") and answer.headers["retry-after"] == "2"


async def test_a_slow_list_or_search_is_refused_with_the_advice_to_narrow_it(slow: Owner) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        answers = await asyncio.gather(slow.get(ITEMS), slow.get(ITEMS, after=""), slow.get(SEARCH, q="casablanca"))
    assert [is_problem(answer, 422, "query_too_broad") for answer in answers] == [True] * 3


async def test_a_slow_count_or_spelling_lookup_is_refused_with_the_advice_to_narrow_it(slow: Owner) -> None:
    wanted = ItemQuery(slow.id, "all", ItemFilter())
    async with asyncio.timeout(BOUND_SECONDS), slow.service.database.connection() as connection:
        with pytest.raises(QueryTooBroadError):
            await lists.count_items(connection, wanted)
        with pytest.raises(QueryTooBroadError):
            await lists.list_known_spellings(connection, ["casablanca"], slow.id)


async def test_a_timeout_while_reading_one_item_returns_503(slow: Owner) -> None:
    (item,) = slow.service.sql("SELECT id FROM stored_items")
    assert _is_unavailable(await slow.get(path_of(item)))


async def test_changing_a_locked_item_returns_503_and_changes_nothing(impatient: Owner) -> None:
    owner = impatient
    item = await owner.create("A")
    async with (
        asyncio.timeout(BOUND_SECONDS),
        await psycopg.AsyncConnection.connect(owner.service.database_url) as holding,
    ):
        await holding.execute("SELECT FROM items WHERE id = %s FOR UPDATE", [item["id"]])
        assert _is_unavailable(await owner.change("PATCH", item, {"title": "B"}))
        assert _is_unavailable(await owner.change("DELETE", item))
        assert await owner.titles() == ["A"]
        await holding.rollback()
    assert (await owner.change("PATCH", item, {"title": "B"}, '"1"')).status_code == 200
