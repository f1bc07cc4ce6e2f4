"""The bounds of a shared query: the number of waiting calls, their timeout, and its cancellation."""

import asyncio
from collections.abc import Sequence

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.batching import BatchBounds, SharedQuery

CALLS = 50


class HeldQuery:
    """A query that returns its arguments when the test permits it."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.may_end = asyncio.Event()

    async def __call__(self, questions: Sequence[int]) -> Sequence[int]:
        self.begun.release()
        await self.may_end.wait()
        return questions

    async def occupy(self, shared: SharedQuery[int, int], bounds: BatchBounds) -> list[asyncio.Task[int]]:
        """Begin the maximum number of concurrent queries."""
        tasks = []
        for number in range(bounds.queries):
            tasks.append(asyncio.create_task(shared.ask(number)))
            await self.begun.acquire()
        return tasks


async def test_a_call_that_waits_too_long_for_a_query_is_refused() -> None:
    bounds, query = BatchBounds(wait_seconds=0.01), HeldQuery()
    shared = SharedQuery("numbers", query, bounds)
    begun = await query.occupy(shared, bounds)
    with pytest.raises(ServiceUnavailableError):
        await shared.ask(7)
    query.may_end.set()
    assert await asyncio.gather(*begun) == list(range(bounds.queries))
    assert await shared.ask(8) == 8


async def test_calls_above_the_maximum_of_waiting_calls_are_refused_at_once() -> None:
    bounds, query = BatchBounds(waiting=10), HeldQuery()
    shared = SharedQuery("numbers", query, bounds)
    asked = [asyncio.create_task(shared.ask(number)) for number in range(CALLS)]
    await query.begun.acquire()
    refused = [task for task in asked if task.done()]
    assert len(refused) == CALLS - bounds.waiting
    assert {type(task.exception()) for task in refused} == {ServiceUnavailableError}
    query.may_end.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, int)] == list(range(bounds.waiting))


async def test_cancelled_calls_do_not_count_as_waiting() -> None:
    bounds, query = BatchBounds(waiting=10), HeldQuery()
    shared = SharedQuery("numbers", query, bounds)
    begun = await query.occupy(shared, bounds)
    gone = [asyncio.create_task(shared.ask(number)) for number in range(bounds.waiting)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)
    late = asyncio.create_task(shared.ask(7))
    await asyncio.sleep(0)
    query.may_end.set()
    assert await late == 7
    assert await asyncio.gather(*begun) == list(range(bounds.queries))


async def test_a_cancelled_query_leaves_no_call_waiting() -> None:
    is_cancelled = True

    async def query(questions: Sequence[int]) -> Sequence[int]:
        if is_cancelled and (task := asyncio.current_task()):
            task.cancel()
            await asyncio.sleep(0)
        return questions

    shared = SharedQuery("numbers", query)
    answers = await asyncio.gather(*(shared.ask(number) for number in range(CALLS)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {asyncio.CancelledError}
    is_cancelled = False
    assert await shared.ask(7) == 7
