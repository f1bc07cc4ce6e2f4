"""A delayed event loop is not mistaken for an unavailable store."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator

import pytest

from doorward.infrastructure.limits.store import TIMEOUT_STEPS, LimitStore, timeout_ignoring_loop_delay
from doorward.infrastructure.limits.windows import Limit
from tests.integration.service import Logs, events

STANDSTILL_SECONDS = 0.5
"""Five times the timeout of the store."""

LIMIT = Limit(10, 60)


class PromptStore:
    """A server in a separate thread. It answers each command at once, the first one while the event loop is blocked."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.stood_still = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection:
            while commands := connection.recv(65536):
                if b"EVALSHA" in commands and not self.stood_still.is_set():
                    self._loop.call_soon_threadsafe(self._stand_still)
                    self.stood_still.wait()
                connection.sendall(b":1\r\n" if b"EVALSHA" in commands else b"+OK\r\n" * commands.count(b"*"))

    def _stand_still(self) -> None:
        self.stood_still.set()
        time.sleep(STANDSTILL_SECONDS)


@pytest.fixture
async def prompt_store() -> AsyncIterator[PromptStore]:
    store = PromptStore(asyncio.get_running_loop())
    yield store
    store.close()


async def test_a_response_that_the_process_reads_late_is_accepted(prompt_store: PromptStore, logs: Logs) -> None:
    limits = LimitStore(prompt_store.uri, timeout_seconds=STANDSTILL_SECONDS / 5)
    try:
        assert await limits.count("token", [(LIMIT, "203.0.113.7")]) == 0
    finally:
        await limits.close()
    assert prompt_store.stood_still.is_set()
    assert limits.is_available
    assert events(logs, "rate_limit.store_unavailable") == []


async def test_a_loop_with_delays_in_every_turn_still_times_out_a_call() -> None:
    turns = 0

    def stand_still() -> None:
        nonlocal turns
        turns += 1
        time.sleep(0.002)
        standing[0] = loop.call_soon(stand_still)

    loop = asyncio.get_running_loop()
    standing = [loop.call_soon(stand_still)]
    try:
        with pytest.raises(TimeoutError):
            async with timeout_ignoring_loop_delay(0.001):
                await asyncio.Event().wait()
    finally:
        standing[0].cancel()
    assert turns >= TIMEOUT_STEPS
