"""Two copies of the product with one Redis share their limits; without it, each has its own."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from development.client import ApiClient
from tests.e2e.metrics import series_of, value
from tests.e2e.people import all_at_once, client_of, new_person
from tests.e2e.stack import QUICK_HASHES, Companion, Service, Stack

CALLERS = 60
PATIENCE_MS = "5000"
"""Long enough that a busy machine is not mistaken for an unavailable store."""

STORE_PAUSE_SECONDS = 1
UNAVAILABLE = "rate_limit.store_unavailable"
RECOVERED = "rate_limit.store_recovered"


@contextlib.contextmanager
def two_copies(stack: Stack, **settings: str) -> Iterator[tuple[Service, Service]]:
    with stack.service(**QUICK_HASHES, **settings) as one, stack.service(**QUICK_HASHES, **settings) as other:
        yield one, other


@pytest.fixture(scope="module")
def redis(stack: Stack) -> Iterator[Companion]:
    with stack.redis() as companion:
        yield companion


def limited_by(store: Companion, **settings: str) -> dict[str, str]:
    uri = f"redis://{store.address()}/0"
    return {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_STORAGE_URI": uri, **settings}


async def statuses_of_logins(client: ApiClient, times: int) -> list[int]:
    return [(await client.post_login(new_person())).status_code for _ in range(times)]


async def test_both_copies_share_one_limit_for_sequential_and_concurrent_calls(stack: Stack, redis: Companion) -> None:
    settings = limited_by(
        redis, RATE_LIMIT_TOKEN="10/hour", RATE_LIMIT_REFRESH="20/day", RATE_LIMIT_STORAGE_TIMEOUT_MS=PATIENCE_MS
    )
    with two_copies(stack, **settings) as services:
        copies = [client_of(service) for service in services]
        logins = [await copies[number % 2].post_login(new_person()) for number in range(12)]
        assert [answer.status_code for answer in logins] == [401] * 10 + [429] * 2
        assert all(3500 < int(answer.headers["Retry-After"]) <= 3600 for answer in logins[-2:])
        refreshes = await all_at_once(copies[number % 2].post_refresh("dwr_unknown") for number in range(CALLERS))
        assert Counter(answer.status_code for answer in refreshes) == {401: 20, 429: CALLERS - 20}
        assert UNAVAILABLE not in "".join(service.logs() for service in services)


async def test_each_copy_has_its_own_limit_while_the_store_is_frozen_and_reports_its_return(
    stack: Stack, redis: Companion
) -> None:
    settings = limited_by(redis, RATE_LIMIT_TOKEN="3/day")
    with two_copies(stack, **settings) as services:
        redis.suspend()
        try:
            assert [await statuses_of_logins(client_of(service), 4) for service in services] == [[401] * 3 + [429]] * 2
            assert [service.logs().count(UNAVAILABLE) for service in services] == [1, 1]
            assert [store_metrics(service) for service in services] == [(1, 1)] * 2
        finally:
            redis.resume()
        await wait_for(services, RECOVERED)
        assert [store_metrics(service) for service in services] == [(1, 0)] * 2


def store_metrics(service: Service) -> tuple[float, float]:
    """Return from the metrics how often the store was lost, and how many workers are now without it."""
    series = series_of(service)
    return value(series, "warnings_total", event=UNAVAILABLE), value(series, "rate_limit_store_away")


async def wait_for(services: tuple[Service, ...], event: str) -> None:
    deadline = time.monotonic() + 30
    while not all(event in service.logs() for service in services):
        assert time.monotonic() < deadline
        for service in services:
            await client_of(service).post_login(new_person())
        await asyncio.sleep(STORE_PAUSE_SECONDS / 4)
