"""Files that take longer to store than one call may."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from doorward.domain.items.exceptions import TooManyLinesError
from doorward.domain.items.models import Item, ItemContent
from doorward.domain.items.policy import new_item
from doorward.domain.items.repositories import entries


async def _slowly() -> AsyncIterator[Item]:
    for number in range(3):
        await asyncio.sleep(0.1)
        yield new_item(UUID(int=number), ItemContent("A", tags=[]), UUID(int=1), datetime(2026, 3, 1, tzinfo=UTC))


async def test_a_file_that_takes_too_long_to_store_has_too_many_lines(own_database: str) -> None:
    async with await AsyncConnection.connect(own_database, options="-c statement_timeout=1") as connection:
        with pytest.raises(TooManyLinesError):
            await entries.add_items(connection, _slowly())
