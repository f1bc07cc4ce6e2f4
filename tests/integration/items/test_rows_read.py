"""A search reads no rows of others' private items, because its time and its refusals would reveal their words."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from doorward.domain.items.models import ItemFilter, ItemQuery
from doorward.domain.items.repositories import Connection, lists
from doorward.domain.items.search import search_query
from doorward.infrastructure.postgres.database import PostgresDatabase
from tests.integration.items.catalogue import Owner, sign_in
from tests.integration.service import MakeService

WORD = "frequent"
# Enough rows for PostgreSQL to use its indexes.
ROWS = 5000
FILL = """
INSERT INTO items (
    id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at, folded_title,
    search_vector
)
SELECT gen_random_uuid(), %s, title, '', '{}', NULL, %s, 1, now(), now(), title, to_tsvector('simple', title)
FROM generate_series(1, %s) AS number, concat(%s::text, number) AS title
"""
Reading = Callable[[Connection, UUID, str], Awaitable[object]]


def wanted_by(reader_id: UUID, item_filter: ItemFilter) -> ItemQuery:
    return ItemQuery(reader_id=reader_id, owner="all", filter=item_filter)


READINGS: dict[str, Reading] = {
    "search": lambda connection, reader, word: lists.list_matches(
        connection, wanted_by(reader, ItemFilter()), search_query([word]), limit=10, offset=0
    ),
    "spellings": lambda connection, reader, word: lists.list_known_spellings(connection, [word], reader),
}


async def rows_read(owner: Owner, reader: Owner, reading: Reading, word: str) -> int:
    """Return the number of rows that a query reads from the table."""
    database: PostgresDatabase = owner.service.database
    async with database.transaction() as connection:
        before = await rows_counted(connection)
        await reading(connection, reader.id, word)
        return await rows_counted(connection) - before


async def rows_counted(connection: Connection) -> int:
    """Return PostgreSQL's count for this session; it is reset at times, but not within a transaction."""
    cursor = await connection.execute(
        """
        SELECT pg_stat_get_xact_tuples_fetched('items'::regclass) + pg_stat_get_xact_tuples_returned('items'::regclass)
        """
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
async def crowded(make_service: MakeService, own_database: str) -> Owner:
    """The owner of many private items with the word, and as many shared ones without it."""
    owner = await sign_in(await make_service(database_url=own_database))
    owner.service.sql(FILL, owner.id, "private", ROWS, f"{WORD} ")
    owner.service.sql(FILL, owner.id, "shared", ROWS, "film ")
    owner.service.sql("ANALYZE items")
    return owner


async def test_a_search_reads_no_rows_of_private_items_of_others(crowded: Owner) -> None:
    stranger = await sign_in(crowded.service)
    for name, reading in READINGS.items():
        assert await rows_read(crowded, crowded, reading, WORD) > 0, name
        assert await rows_read(crowded, stranger, reading, WORD) == 0, name
