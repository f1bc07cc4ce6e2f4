"""Clients of a load balancer that continue to call while the copies behind it change."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from development.client import READINESS, Pair, pair
from tests.e2e.image_companions import Container
from tests.e2e.people import client_of, new_person
from tests.e2e.stack import READY_SECONDS, Service

SERVED: Final = "/api/v1/auth/"
PAUSE_SECONDS: Final = 0.25
"""Seconds between two rounds of a client's calls, so that starting copies get processor time."""


class Front:
    """The load balancer from the clients' side."""

    def __init__(self, container: Container) -> None:
        host, port = container.container.get_container_host_ip(), container.container.get_exposed_port(8080)
        self.base_url = f"http://{host}:{port}"


async def wait_until(condition: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        await asyncio.sleep(0.1)


async def wait_until_ready(front: Front) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (await client_of(front).call("GET", READINESS)).is_success:
        assert time.monotonic() < deadline, "the load balancer finds no copy"
        await asyncio.sleep(0.1)


def lines_served(copy: Service) -> int:
    return copy.logs().count(SERVED)


def has_served_more(copy: Service, lines: int) -> bool:
    return lines_served(copy) > lines


class Load:
    """Clients with persistent connections and one session each; refusals are recorded."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._stopped = False
        self.failures: list[str] = []
        self.answered = 0
        self.slowest = 0.0
        """The slowest response time in seconds."""
        self.last_tokens: list[Pair] = []
        """The tokens of each client at the end: of its session, and of the session it began last."""

    async def run(self) -> None:
        async with client_of(self._front, keeps_alive=True) as client:
            tokens = await client.log_in()
            begun = None
            while not self._stopped or begun is None:
                me = await self._noted(client.get_me(tokens.access))
                refreshed = await self._noted(client.post_refresh(tokens.refresh))
                person = new_person()
                await self._noted(client.post_account(person))
                begun = await self._noted(client.post_login(person))
                if me is None or refreshed is None or begun is None:
                    return
                tokens = pair(refreshed)
                await asyncio.sleep(PAUSE_SECONDS)
            self.last_tokens += [tokens, pair(begun)]

    def stop(self) -> None:
        self._stopped = True

    async def _noted(self, call: Awaitable[httpx.Response]) -> httpx.Response | None:
        try:
            answer = await call
        except httpx.TransportError as error:
            self.failures.append(f"{error.request.url.path}: {error!r}")
            return None
        if not answer.is_success:
            self.failures.append(f"{answer.request.url.path}: {answer.status_code} {answer.text[:200]}")
            return None
        self.answered += 1
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())
        return answer
