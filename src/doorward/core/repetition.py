"""Work that is repeated in the background until its owner ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def repeating(
    work: Callable[[], Awaitable[object]], seconds: float, *, begins_with_a_pause: bool = False
) -> AsyncIterator[None]:
    """Repeat ``work`` within the block, with pauses of ``seconds``. ``work`` must raise nothing.

    At the end, the work is cancelled. The end does not depend on that alone: a cancellation is lost if a library
    catches it, as psycopg's pool does when it hands out a connection at the same moment.
    """
    ended = asyncio.Event()

    async def repeat() -> None:
        if begins_with_a_pause and await is_set_within(ended, seconds):
            return
        while True:
            await work()
            if await is_set_within(ended, seconds):
                return

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        ended.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event for at most ``seconds``; return whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
