"""Run the database of a long-lived process: its connection pool, and the comparison of its clock with this host's."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from doorward.core.ports import AnswerT, Batching, QuestionT
from doorward.infrastructure.postgres.batching import BatchBounds, SharedQuery
from doorward.infrastructure.postgres.clock_watch import ClockWatch
from doorward.infrastructure.postgres.database import PostgresDatabase


@asynccontextmanager
async def running_database(database: PostgresDatabase) -> AsyncIterator[None]:
    """Keep the pool open, and measure the clock at intervals, within the block."""
    clock_watch = ClockWatch(database)
    async with AsyncExitStack() as stack:
        # Runs after the database has closed, which refuses a measurement that waits for a connection.
        stack.push_async_callback(clock_watch.end)
        stack.push_async_callback(database.close)
        await database.open()
        await clock_watch.begin()
        yield


def create_batching(database: PostgresDatabase) -> Batching:
    """Return the factory of batched queries."""
    bounds = BatchBounds(wait_seconds=database.timeouts.shared_query)

    def batching(
        name: str, query: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]]
    ) -> SharedQuery[QuestionT, AnswerT]:
        return SharedQuery(name, query, bounds)

    return batching
