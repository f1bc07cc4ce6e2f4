"""A transaction that stays open between two of its statements, for tests of the order of locks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection


class OpenTransaction:
    """A transaction of another process. It is committed with ``commit``, or rolled back at the end of the block."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def run(self, query: str, *parameters: object) -> None:
        await self._connection.execute(query.encode(), parameters)

    async def commit(self) -> None:
        await self._connection.commit()

    async def blocks(self, task: asyncio.Task[Any]) -> None:
        """Wait until this transaction blocks another one, or until the task that it should block is done."""
        blocked = "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        while not task.done():
            cursor = await self._connection.execute(blocked)
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_transaction(url: str) -> AsyncIterator[OpenTransaction]:
    """Begin a transaction."""
    connection = await AsyncConnection.connect(url)
    try:
        yield OpenTransaction(connection)
    finally:
        await connection.close()
