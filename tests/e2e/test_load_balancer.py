"""Copies behind the load balancer of `inv up --replicas`: client addresses, and a rolling restart under load."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import httpx
import pytest

from development.client import READINESS, pair
from tests.e2e.image_companions import Container
from tests.e2e.image_stack import ImageStack
from tests.e2e.people import client_of, new_person
from tests.e2e.stack import QUICK_HASHES, READY_SECONDS, Service, Stack
from tests.e2e.test_raw_requests import login_with_trailer, me_with_trailer, raw_answer

PRIVATE_NETWORKS = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
CLIENTS = 6
DRAIN_SECONDS = "5"
"""The load balancer asks for readiness every second."""

SERVED = "/api/v1/auth/"


class Front:
    """The load balancer as clients see it."""

    def __init__(self, container: Container) -> None:
        host, port = container.container.get_container_host_ip(), container.container.get_exposed_port(8080)
        self.base_url = f"http://{host}:{port}"


@pytest.fixture
def image_stack(stack: Stack) -> ImageStack:
    assert isinstance(stack, ImageStack)
    return stack


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
    """Clients that keep their connections, each with a session of its own; what they were refused is kept."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._stopped = False
        self.failures: list[str] = []
        self.answered = 0

    async def run(self) -> None:
        async with client_of(self._front, keeps_alive=True) as client:
            tokens = await client.log_in()
            while not self._stopped:
                me = await self._noted(client.get_me(tokens.access))
                refreshed = await self._noted(client.post_refresh(tokens.refresh))
                await self._noted(client.post_account(new_person()))
                if me is None or refreshed is None:
                    return
                tokens = pair(refreshed)

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
        return answer


async def restart_one_after_the_other(copies: list[Service]) -> None:
    for copy in copies:
        served = lines_served(copy)
        await asyncio.to_thread(copy.restart)
        # Only when the load balancer has found it again may the next one go.
        await wait_until(partial(has_served_more, copy, served), "the copy gets no calls")


async def test_a_rolling_restart_under_load_loses_no_request(image_stack: ImageStack, findings: list[str]) -> None:
    settings = {**QUICK_HASHES, "SHUTDOWN_DRAIN_SECONDS": DRAIN_SECONDS}
    with (
        image_stack.copy(**settings) as one,
        image_stack.copy(**settings) as other,
        image_stack.load_balancer() as balancer,
    ):
        front = Front(balancer)
        await wait_until_ready(front)
        load = Load(front)
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(load.run())
            await wait_until(lambda: all(map(lines_served, (one, other))), "a copy gets no calls")
            await restart_one_after_the_other([one, other])
            load.stop()
    findings.append(f"rolling restart of two copies: {load.answered} calls answered, {len(load.failures)} lost")
    assert load.failures == []
    assert load.answered > CLIENTS


@pytest.fixture(scope="module")
async def limited(stack: Stack) -> AsyncIterator[tuple[Front, list[Service]]]:
    """The load balancer in front of two copies that share their limits, and the copies."""
    assert isinstance(stack, ImageStack)
    with stack.redis() as redis, contextlib.ExitStack() as resources:
        settings = {
            **QUICK_HASHES,
            "RATE_LIMIT_ENABLED": "true",
            "RATE_LIMIT_REGISTER": "100/day",
            "RATE_LIMIT_TOKEN": "3/day",
            "RATE_LIMIT_REFRESH": "3/day",
            "RATE_LIMIT_STORAGE_URI": f"redis://{redis.address()}/0",
            "TRUSTED_PROXIES": PRIVATE_NETWORKS,
        }
        copies = [resources.enter_context(stack.copy(**settings)) for _ in range(2)]
        front = Front(resources.enter_context(stack.load_balancer()))
        await wait_until_ready(front)
        yield front, copies


async def test_behind_the_load_balancer_a_spoofed_address_does_not_dodge_the_limit(
    limited: tuple[Front, list[Service]],
) -> None:
    spoofing = [client_of(limited[0], {"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(4)]
    assert [(await client.post_refresh("dwr_unknown")).status_code for client in spoofing] == [401, 401, 401, 429]


async def test_through_the_load_balancer_a_trailer_neither_chooses_an_address_nor_authenticates(
    limited: tuple[Front, list[Service]],
) -> None:
    front, copies = limited
    access_token = (await client_of(front).log_in()).access
    assert raw_answer(front, me_with_trailer(access_token))[0] == 401
    spoofing = [raw_answer(front, login_with_trailer(f"198.51.100.{number}"))[0] for number in range(4)]
    # The genuine login above was the first of three.
    assert spoofing == [401, 401, 429, 429]
    assert not any("198.51.100." in copy.logs() for copy in copies)
