"""The database of a process that lasts: its pool, and the comparison of its clock with this host's."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from doorward.core.ports import AnswerT, Batching, QuestionT
from doorward.infrastructure.postgres.batching import BatchBounds, SharedQuery
from doorward.infrastructure.postgres.clock_watch import ClockWatch
from doorward.infrastructure.postgres.database import PostgresDatabase


@asynccontextmanager
async def running_database(database: PostgresDatabase) -> AsyncIterator[None]:
    """Keep the pool open and the clock measured within the block."""
    clock_watch = ClockWatch(database)
    async with AsyncExitStack() as stack:
        # After the database has closed: a measurement that waits for a connection is refused then.
        stack.push_async_callback(clock_watch.end)
        stack.push_async_callback(database.close)
        await database.open()
        await clock_watch.begin()
        yield


def batching_on(database: PostgresDatabase) -> Batching:
    """Return what batches the queries of use cases."""
    bounds = BatchBounds(wait_seconds=database.timeouts.shared_query)

    def batching(
        name: str, query: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]]
    ) -> SharedQuery[QuestionT, AnswerT]:
        return SharedQuery(name, query, bounds)

    return batching
