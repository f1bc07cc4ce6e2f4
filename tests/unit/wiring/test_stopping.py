"""The background parts of a process stop concurrently, not in sequence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from doorward.infrastructure.webhooks.client import TOTAL_SECONDS
from doorward.wiring.stopping import GRACE_SECONDS, running_together


@asynccontextmanager
async def part(stopping: asyncio.Barrier, stopped: list[str], name: str) -> AsyncIterator[None]:
    """A part that can stop only while the others stop too."""
    try:
        yield
    finally:
        await stopping.wait()
        stopped.append(name)


async def test_parts_stop_at_the_same_time() -> None:
    stopping, stopped = asyncio.Barrier(3), list[str]()
    async with asyncio.timeout(10):
        async with running_together(*(part(stopping, stopped, name) for name in ("mail", "webhooks", "tasks"))):
            assert stopped == []
    assert sorted(stopped) == ["mail", "tasks", "webhooks"]


async def test_a_part_that_cannot_start_stops_those_that_have() -> None:
    stopped: list[str] = []

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        raise ConnectionError
        yield

    with pytest.raises(ConnectionError):
        async with running_together(part(asyncio.Barrier(1), stopped, "mail"), broken()):
            pytest.fail("the block ran")
    assert stopped == ["mail"]


async def test_a_failure_of_one_part_is_raised_when_all_have_stopped() -> None:
    stopped: list[str] = []

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        yield
        raise ConnectionError

    with pytest.raises(ConnectionError):
        async with running_together(failing(), part(asyncio.Barrier(1), stopped, "mail")):
            pass
    assert stopped == ["mail"]


async def test_a_failure_of_the_block_reaches_the_caller() -> None:
    stopped: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with running_together(part(asyncio.Barrier(1), stopped, "mail")):
            raise ZeroDivisionError
    assert stopped == ["mail"]


def test_a_call_of_a_webhook_ends_within_the_grace_period() -> None:
    assert TOTAL_SECONDS < GRACE_SECONDS
