"""Copies behind the load balancer of `inv up --replicas`: client addresses, and a rolling restart under load."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

import pytest

from tests.e2e.image_stack import ImageStack
from tests.e2e.load import Front, Load, has_served_more, lines_served, wait_until, wait_until_ready
from tests.e2e.people import client_of
from tests.e2e.raw_requests import login_with_trailer, me_with_trailer, status_of
from tests.e2e.stack import QUICK_HASHES, Service, Stack

PRIVATE_NETWORKS = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
CLIENTS = 6
DRAIN_SECONDS = "5"
"""Longer than the interval of the load balancer's readiness checks, which is one second."""


async def restart_one_after_the_other(copies: list[Service]) -> None:
    for copy in copies:
        served = lines_served(copy)
        await asyncio.to_thread(copy.restart)
        # Restart the next copy only after the load balancer sends requests to this one again.
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
    """Yield the load balancer in front of two copies that share their limits, and the copies."""
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


async def test_a_spoofed_address_does_not_evade_the_limit_behind_the_load_balancer(
    limited: tuple[Front, list[Service]],
) -> None:
    spoofing = [client_of(limited[0], {"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(4)]
    assert [(await client.post_refresh("dwr_unknown")).status_code for client in spoofing] == [401, 401, 401, 429]


async def test_a_trailer_behind_the_load_balancer_neither_sets_an_address_nor_authenticates(
    limited: tuple[Front, list[Service]],
) -> None:
    front, copies = limited
    access_token = (await client_of(front).log_in()).access
    assert status_of(front, me_with_trailer(access_token)) == 401
    spoofing = [status_of(front, login_with_trailer(f"198.51.100.{number}")) for number in range(4)]
    # The genuine login above was the first of three.
    assert spoofing == [401, 401, 429, 429]
    assert not any("198.51.100." in copy.logs() for copy in copies)
