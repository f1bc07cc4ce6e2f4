"""Files that take longer to store than the time limit of a call."""

import asyncio
import io
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from doorward.domain.items.exceptions import TooManyLinesError
from doorward.domain.items.importing import ImportRequest, ItemImport
from doorward.domain.items.models import StagedItem
from doorward.domain.items.repositories import imports
from tests.integration.items.catalogue import Owner


async def _slowly() -> AsyncIterator[StagedItem]:
    for number in range(3):
        await asyncio.sleep(0.1)
        yield StagedItem(UUID(int=number), None, "A", "", [], None, "private", "a", "'=a' a:1A")


async def test_a_file_that_cannot_be_stored_in_time_is_refused_as_too_long(owner: Owner) -> None:
    file = io.BytesIO(b"title\n" + b"A\n" * 2_000)
    item_import = ItemImport(database=owner.service.database, clock=owner.service.clock, seconds=0)
    with owner.service.database.bulk_slot(), pytest.raises(TooManyLinesError):
        await item_import.run(file, ImportRequest(owner.id))
    assert owner.stored() == 0


async def test_a_file_that_cannot_be_staged_in_time_is_refused_as_too_long(own_database: str) -> None:
    async with await AsyncConnection.connect(own_database) as connection:
        await connection.execute("SET statement_timeout = '50ms'")
        await imports.add_staging_table(connection)
        with pytest.raises(TooManyLinesError):
            await imports.add_staged_items(connection, _slowly())
