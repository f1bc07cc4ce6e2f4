"""An issuer's key set without a network: its responses, the number of requests, and its delays."""

import asyncio
from collections.abc import Callable
from typing import Any

from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from tests.unit.client_library.signing import elliptic_key, key_set


class Clock:
    """A clock in seconds that only a test advances."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class KeyServer:
    """Respond to each fetch with ``body``, or fail it while ``is_down``."""

    def __init__(self, body: bytes | None = None) -> None:
        self.body = key_set(elliptic_key()) if body is None else body
        self.cache_control = "public, max-age=300"
        self.is_down = False
        self.fetches: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def fetch(self, uri: str) -> FetchedKeys:
        self.fetches.append(uri)
        await self.may_answer.wait()
        if self.is_down:
            raise FetchError("The issuer is down.")
        return FetchedKeys(self.body, self.cache_control)


async def settle() -> None:
    """Let background tasks run to their next wait."""
    for _ in range(5):
        await asyncio.sleep(0)


def in_loop_of_its_own(call: Callable[[], Any]) -> Any:
    """Make a call in a new event loop, which ends with the call."""

    async def run() -> Any:
        return await call()

    return asyncio.run(run())
