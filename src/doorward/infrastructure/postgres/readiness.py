"""Whether PostgreSQL answers, asked on a connection outside the pool: a busy pool does not make a copy unready."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncCursor

from doorward.infrastructure.postgres.batching import MAXIMUM_WAITING, Bounds, SharedQuery
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.database import DatabaseSettings

POOL_OF_ONE: Final = {"db_pool_min_conn": 0, "db_pool_max_conn": 1}

BOUNDS: Final = Bounds(queries=1, questions=MAXIMUM_WAITING, wait_seconds=3.0)
"""One query, since there is one connection. Its answer is for all who wait: a flood of questions costs two queries.

A question may wait as long as the one query before it can take.
"""


class Readiness:
    """Reads the schema's version: one query for all who ask at the same moment, which begins after they asked."""

    def __init__(
        self,
        settings: DatabaseSettings,
        database: PostgresDatabase,
        *,
        cursor_factory: type[AsyncCursor[Any]] = AsyncCursor,
    ) -> None:
        """Take the database whose circuit breaker it shares: readiness is refused, and closes the circuit, with it."""
        self._database = PostgresDatabase(
            settings.model_copy(update=POOL_OF_ONE),
            timeouts=database.timeouts,
            cursor_factory=cursor_factory,
            breaker=database.breaker,
        )
        self._questions = SharedQuery("readiness", self._answer_all, BOUNDS)

    async def open(self) -> None:
        """Allow questions. The first one connects."""
        await self._database.open()

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()

    async def schema_version(self) -> str | None:
        """Return the newest migration that the database has, or None before the first.

        Raises ``ServiceUnavailableError`` when the database does not answer.
        """
        return await self._questions.ask(None)

    async def _answer_all(self, questions: Sequence[None]) -> Sequence[str | None]:
        return [await self._database.schema_version()] * len(questions)
