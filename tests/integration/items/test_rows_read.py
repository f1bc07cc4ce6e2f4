"""Which rows a search reads: none of others' private items, whose words its time and its refusal would tell."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from doorward.domain.items import repository
from doorward.domain.items.models import ItemFilter, ItemQuery
from doorward.infrastructure.postgres.database import PostgresDatabase
from tests.integration.items.catalogue import Owner
from tests.integration.service import mark

ITEMS_OF_OTHERS = 30
Reading = Callable[[repository.Connection, UUID, str], Awaitable[object]]


def wanted_by(reader_id: UUID, narrowed: ItemFilter) -> ItemQuery:
    return ItemQuery(reader_id=reader_id, owner="all", narrowed=narrowed)


READINGS: dict[str, Reading] = {
    "search": lambda connection, reader, word: repository.list_matches(
        connection, wanted_by(reader, ItemFilter()), f"{word}:*", limit=10, offset=0
    ),
    "spellings": lambda connection, reader, word: repository.list_known_spellings(connection, [word], reader),
}


async def rows_read(owner: Owner, reader: Owner, reading: Reading, word: str) -> int:
    """Return how many rows of the table a reading takes from it, with indexes as in a large table."""
    database: PostgresDatabase = owner.service.app.state.items._database  # noqa: SLF001 - to ask it
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        before = await rows_counted(connection)
        await reading(connection, reader.id, word)
        return await rows_counted(connection) - before


async def rows_counted(connection: repository.Connection) -> int:
    """Return PostgreSQL's count of this session, which starts anew now and then but not within a transaction."""
    cursor = await connection.execute("SELECT pg_stat_get_xact_tuples_fetched('items'::regclass)")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("name", READINGS)
async def test_a_word_of_others_private_items_costs_a_reader_no_row(owner: Owner, stranger: Owner, name: str) -> None:
    word = mark()
    await owner.create_all(*[f"The {word}"] * ITEMS_OF_OTHERS, tags=[word])
    assert await rows_read(owner, owner, READINGS[name], word) > 0
    frequent = await rows_read(owner, stranger, READINGS[name], word)
    absent = await rows_read(owner, stranger, READINGS[name], mark())
    assert frequent == absent
