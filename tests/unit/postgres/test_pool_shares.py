"""A share of the pool: at most half for one key, keys served in turn, and no slot lost."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from doorward.core.exceptions import ServiceUnavailableError, TooManyQueriesError
from doorward.infrastructure.postgres.shares import Share, slots_for_resources

LONG = 60.0


async def turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class Work:
    """A call that holds a slot until the test ends it."""

    def __init__(self, share: Share, key: str) -> None:
        self.has_slot = asyncio.Event()
        self.may_end = asyncio.Event()
        self.task = asyncio.create_task(self._run(share, key))

    async def _run(self, share: Share, key: str) -> None:
        async with share.slot(key):
            self.has_slot.set()
            await self.may_end.wait()

    async def end(self) -> None:
        self.may_end.set()
        await self.task


async def begin(share: Share, *keys: str) -> list[Work]:
    works = [Work(share, key) for key in keys]
    await turns()
    return works


def granted(works: list[Work]) -> list[bool]:
    return [work.has_slot.is_set() for work in works]


async def end_all(works: list[Work]) -> None:
    for work in works:
        work.may_end.set()
    await asyncio.gather(*(work.task for work in works))


async def test_one_key_holds_half_of_the_slots_and_other_keys_get_the_rest() -> None:
    works = await begin(Share(4, wait_seconds=LONG), *["mallory"] * 5, "ada", "grace", "heidi")
    assert granted(works) == [True] * 2 + [False] * 3 + [True] * 2 + [False]
    await end_all(works)


async def test_keys_that_wait_are_served_in_turn() -> None:
    share = Share(2, wait_seconds=LONG)
    held = await begin(share, "mallory", "trent")
    waiting = await begin(share, "mallory", "mallory", "mallory", "ada")
    await held[0].end()
    await turns()
    assert granted(waiting) == [True, False, False, False]
    await held[1].end()
    await turns()
    assert granted(waiting) == [True, False, False, True]
    await end_all(waiting)


async def test_a_share_of_one_slot_serves_each_key_in_turn() -> None:
    share = Share(1, wait_seconds=LONG)
    works = await begin(share, "mallory", "mallory", "ada")
    for index in (0, 1, 2):
        assert granted(works)[index]
        await works[index].end()
        await turns()


async def test_a_timeout_behind_own_calls_raises_another_error_than_one_behind_other_keys() -> None:
    share = Share(2, wait_seconds=0.01)
    works = await begin(share, "mallory", "trent")
    with pytest.raises(TooManyQueriesError):
        async with share.slot("mallory"):
            raise AssertionError
    with pytest.raises(ServiceUnavailableError):
        async with share.slot("ada"):
            raise AssertionError
    await end_all(works)


async def test_cancelled_waits_lose_no_slot() -> None:
    share = Share(2, wait_seconds=LONG)
    works = await begin(share, "trent", "mallory")
    waiting = await begin(share, "ada", "grace")
    # In one iteration of the loop, the slot is granted to a call whose task is cancelled before it runs.
    works[0].may_end.set()
    await asyncio.sleep(0)
    waiting[0].task.cancel()
    waiting[1].task.cancel()
    await asyncio.wait([work.task for work in waiting])
    await end_all(works)
    async with AsyncExitStack() as stack:
        for key in ("ada", "grace"):
            await asyncio.wait_for(stack.enter_async_context(share.slot(key)), 10)


@pytest.mark.parametrize(("size", "bulk", "slots"), [(1, 1, 1), (2, 1, 1), (4, 2, 1), (10, 2, 4), (100, 2, 58)])
def test_the_share_is_a_percentage_of_the_pool_without_the_slots_of_imports(size: int, bulk: int, slots: int) -> None:
    assert slots_for_resources(size, 60, bulk) == slots
