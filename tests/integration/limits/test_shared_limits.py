"""Limits while the shared store is down, frozen or failing: calls stay limited and delay no others."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NoReturn

import pytest
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from doorward.infrastructure.limits.limiter import CallLimiter
from doorward.infrastructure.limits.store import LimitStore
from doorward.wiring.parts import Parts
from tests.integration.service import PARTS, Logs, MakeService, Service, is_problem, mark, statuses
from tests.running_time import RunningTime

NO_STORE = "redis://127.0.0.1:1/0"
"""A port without a server."""

LIMITS = {"token": "10/minute", "refresh": "20/minute"}
TIMEOUT_SECONDS = 0.1
PATIENT_SECONDS = 60
LONGEST_SECONDS = 0.2
"""The default of RATE_LIMIT_STORAGE_TIMEOUT_MS, and the same time for the rest of a call."""

UNAVAILABLE = "rate_limit.store_unavailable"


class SilentStore:
    """Accepts connections and sends no response, like a store on a frozen machine."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.connections: list[asyncio.StreamWriter] = []

    async def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        self.asked.set()

    async def hang_up(self) -> None:
        for writer in self.connections:
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def silent() -> AsyncIterator[tuple[SilentStore, str]]:
    """The store and its URI."""
    store = SilentStore()
    async with await asyncio.start_server(store.take, "127.0.0.1", 0) as server:
        yield store, f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        await store.hang_up()


def counting_in(store: LimitStore) -> Parts:
    return replace(PARTS, limiter=CallLimiter(LIMITS, store))


def events(logs: Logs) -> list[str]:
    return [str(line["event"]) for line in logs.lines() if str(line["event"]).startswith("rate_limit.store")]


async def try_to_log_in(service: Service, times: int) -> list[int]:
    return [(await service.post_token(mark(), "wrong")).status_code for _ in range(times)]


async def test_a_call_that_waits_for_the_store_delays_no_other(
    make_service: MakeService, silent: tuple[SilentStore, str], logs: Logs
) -> None:
    store, uri = silent
    service = await make_service(counting_in(LimitStore(uri, timeout_seconds=PATIENT_SECONDS)))
    waiting = asyncio.create_task(service.post_token(mark(), "wrong"))
    await store.asked.wait()
    assert (await service.client.get("/health/liveness")).status_code == 200
    assert (await service.get_me("unknown")).status_code == 401
    assert not waiting.done()
    # With a blocked event loop, these responses would arrive after the call's timeout of the store.
    assert events(logs) == []
    await store.hang_up()
    assert (await waiting).status_code == 401


async def test_without_its_store_each_process_counts_separately(make_service: MakeService) -> None:
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=NO_STORE)
    answers = [await service.post_token(mark(), "wrong") for _ in range(11)]
    assert statuses(answers[:-1]) == [401] * 10
    assert is_problem(answers[-1], 429, "rate_limit_exceeded")


async def test_a_store_that_never_responds_delays_calls_briefly_and_limits_still_apply(
    make_service: MakeService, silent: tuple[SilentStore, str]
) -> None:
    service = await make_service(counting_in(LimitStore(silent[1], TIMEOUT_SECONDS, pause_seconds=0)))
    async with asyncio.timeout(30):
        assert await try_to_log_in(service, 11) == [401] * 10 + [429]
    assert len(silent[0].connections) == 11


@pytest.mark.parametrize("is_there", [True, False], ids=["frozen", "down"])
async def test_an_unavailable_store_delays_a_call_for_at_most_a_tenth_of_a_second(
    make_service: MakeService, silent: tuple[SilentStore, str], *, is_there: bool
) -> None:
    store = LimitStore(silent[1] if is_there else NO_STORE, TIMEOUT_SECONDS, pause_seconds=0)
    service = await make_service(counting_in(store))
    taken = []
    with RunningTime() as clock:
        for _ in range(9):
            began = clock.now()
            assert (await service.post_refresh("unknown")).status_code == 401
            taken.append(clock.now() - began)
    # The store delays all calls equally, so a longer delay of only some calls is caused by the machine.
    quarter, _, _ = statistics.quantiles(taken, n=4)
    assert quarter < LONGEST_SECONDS


async def test_an_unavailable_store_is_logged_once_and_not_for_each_call(
    make_service: MakeService, silent: tuple[SilentStore, str], logs: Logs
) -> None:
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=silent[1])
    answers = await asyncio.gather(*(service.post_token(mark(), "wrong") for _ in range(20)))
    assert statuses(answers) == [401] * 10 + [429] * 10
    await try_to_log_in(service, 3)
    assert events(logs) == [UNAVAILABLE]
    (line,) = [line for line in logs.lines() if line["event"] == UNAVAILABLE]
    assert (line["level"], line["error"]) == ("warning", "TimeoutError")


async def test_an_unavailable_store_is_tried_by_one_call_per_pause(
    make_service: MakeService, silent: tuple[SilentStore, str]
) -> None:
    service = await make_service(counting_in(LimitStore(silent[1], TIMEOUT_SECONDS, pause_seconds=3600)))
    await try_to_log_in(service, 8)
    assert len(silent[0].connections) == 1


async def test_if_the_store_fails_after_counting_retry_after_is_a_whole_window(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def over_the_limit(*_: object) -> bool:
        return False

    async def fail(*_: object) -> NoReturn:
        raise StorageError(ConnectionError())

    monkeypatch.setattr(FixedWindowRateLimiter, "hit", over_the_limit)
    monkeypatch.setattr(FixedWindowRateLimiter, "get_window_stats", fail)
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=NO_STORE)
    answer = await service.post_token(mark(), "wrong")
    assert is_problem(answer, 429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "60"


async def test_a_disabled_shared_limit_does_not_use_the_store(
    make_service: MakeService, silent: tuple[SilentStore, str]
) -> None:
    service = await make_service(rate_limit_enabled=False, rate_limit_storage_uri=silent[1])
    assert await try_to_log_in(service, 12) == [401] * 12
    assert not silent[0].connections
