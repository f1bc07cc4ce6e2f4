"""Whether PostgreSQL answers, on a connection outside the pool: a busy pool does not make a copy unready."""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from doorward.core.frozen import frozen
from doorward.infrastructure.postgres.batching import MAXIMUM_WAITING, BatchBounds, SharedQuery
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.observability.database_events import DatabaseSchemaMissing
from doorward.observability.logging import report
from doorward.settings.database import DatabaseSettings

POOL_OF_ONE: Final = {"db_pool_min_conn": 0, "db_pool_max_conn": 1}

BOUNDS: Final = BatchBounds(queries=1, questions=MAXIMUM_WAITING, wait_seconds=3.0)
"""One query at a time, on the one connection. It answers all waiting calls: any number of them costs two queries.

A question may wait as long as one query before it can take.
"""


@frozen
class ServerState:
    """The newest migration of the database, or None before the first, and whether its server refuses writes."""

    schema_version: str | None
    is_read_only: bool


class Readiness:
    """Reads the server's state. Concurrent calls share one query, which begins after all of them."""

    def __init__(
        self,
        settings: DatabaseSettings,
        database: PostgresDatabase,
        *,
        cursor_factory: type[AsyncCursor[Any]] = AsyncCursor,
    ) -> None:
        """Prepare a connection to the server of ``database``. They share the circuit breaker; a check can close it."""
        self._database = PostgresDatabase(
            settings.model_copy(update=POOL_OF_ONE),
            timeouts=database.timeouts,
            cursor_factory=cursor_factory,
            shares_state_with=database,
        )
        self._questions = SharedQuery("readiness", self._answer_all, BOUNDS)

    async def open(self) -> None:
        """Start the pool. The first check connects."""
        await self._database.open()

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()

    async def state(self) -> ServerState:
        """Return the state. Raises ``ServiceUnavailableError`` when the database does not answer."""
        return await self._questions.ask(None)

    async def _answer_all(self, questions: Sequence[None]) -> Sequence[ServerState]:
        return [await self._state()] * len(questions)

    async def _state(self) -> ServerState:
        async with self._database.connection() as connection:
            try:
                state = await find_server_state(connection)
            except psycopg.errors.UndefinedTable as error:
                report(DatabaseSchemaMissing(sqlstate=error.sqlstate))
                return ServerState(None, is_read_only=connection.was_read_only)
            if state.is_read_only:
                # The next check must reach the server that has the address by then.
                await self._database.close_read_only_connection(connection)
            return state


async def find_server_state(connection: AsyncConnection[Any]) -> ServerState:
    """Return the state. Raises ``UndefinedTable`` before the first migration."""
    cursor = await connection.execute(
        """
        SELECT
            (SELECT version_num FROM doorward_schema_version),
            current_setting('transaction_read_only')
        """
    )
    version, read_only = await cursor.fetchone() or (None, "off")
    return ServerState(version, is_read_only=read_only == "on")
