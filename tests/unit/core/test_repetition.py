import asyncio
from contextlib import suppress

import pytest

from doorward.core.repetition import is_set_within, repeating

BOUND_SECONDS = 30


@pytest.mark.parametrize("begins_with_a_pause", [True, False])
async def test_work_is_repeated_until_the_end(begins_with_a_pause: bool) -> None:  # noqa: FBT001 - a case of the test
    rounds, third = 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            third.set()

    async with asyncio.timeout(BOUND_SECONDS), repeating(work, 0, begins_with_a_pause=begins_with_a_pause):
        await third.wait()
    done = rounds
    await asyncio.sleep(0)
    assert rounds == done


async def test_a_pause_at_the_beginning_comes_before_the_work() -> None:
    async def work() -> None:
        raise AssertionError

    async with asyncio.timeout(BOUND_SECONDS), repeating(work, 3600, begins_with_a_pause=True):
        await asyncio.sleep(0)


async def test_the_end_cancels_the_work() -> None:
    begun, cancelled = asyncio.Event(), False

    async def work() -> None:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled = True
            raise

    async with asyncio.timeout(BOUND_SECONDS), repeating(work, 3600):
        await begun.wait()
    assert cancelled


async def test_work_that_loses_its_cancellation_is_not_repeated() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)

    async with asyncio.timeout(BOUND_SECONDS), repeating(work, 3600):
        await begun.wait()


async def test_an_event_is_waited_for_only_within_the_time() -> None:
    event = asyncio.Event()
    assert not await is_set_within(event, 0)
    event.set()
    assert await is_set_within(event, 3600)
