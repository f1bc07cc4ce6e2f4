"""Items stored without an index are listed, and found by searches after the background task has indexed them."""

import pytest

from doorward.domain.items.reindexing import Reindexing
from doorward.wiring.background import background_tasks
from tests.integration.items.catalogue import Owner, sign_in
from tests.integration.service import MakeService, settings_of_the_ring

STORE = """
INSERT INTO items (id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at)
SELECT gen_random_uuid(), %s, title, 'Stra\u00dfe', '{}', NULL, 'private', 1, now(), now()
FROM unnest(%s::text[]) AS title
"""
MANY_MARKS = "Z" + "\u0301" * 1000
"""A title stored by a version without the limit of combining marks."""


@pytest.fixture
async def owner(make_service: MakeService, own_database: str) -> Owner:
    """The owner of items that were stored by plain SQL."""
    owner = await sign_in(await make_service(database_url=own_database))
    owner.service.sql(STORE, owner.id, ["L\u00e9on", "\u6771\u4eac\u7269\u8a9e", MANY_MARKS])
    return owner


async def test_unindexed_items_are_indexed_in_batches_and_keep_their_version(owner: Owner) -> None:
    before = await owner.listing(owner="me", sort="title")
    assert await owner.search("leon") == []
    assert await owner.titles(title="leon") == []
    assert await Reindexing(database=owner.service.database, items_per_batch=2, pause_seconds=0).run() == 3
    assert await owner.search("leon strasse") == ["L\u00e9on"]
    assert await owner.search("\u7269\u8a9e") == ["\u6771\u4eac\u7269\u8a9e"]
    assert await owner.titles(title="LEON") == ["L\u00e9on"]
    assert await owner.search("z") == [MANY_MARKS]
    assert await owner.listing(owner="me", sort="title") == before


async def test_a_second_run_indexes_nothing(owner: Owner) -> None:
    task = Reindexing(database=owner.service.database)
    assert await task.run() == 3
    assert await task.run() == 0
    await owner.create("Heat")
    await owner.import_csv("title\nAlien\n")
    assert await task.run() == 0


async def test_indexing_is_a_background_task(owner: Owner, own_database: str, secret_key: str) -> None:
    service = owner.service
    settings = settings_of_the_ring(own_database, secret_key, {"housekeeping_interval_minutes": 60})
    tasks = {task.name: task for task in background_tasks(settings, service.database, service.clock)}
    assert await tasks["index_items"].run() == 3
