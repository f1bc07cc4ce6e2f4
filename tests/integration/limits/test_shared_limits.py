"""Limits whose shared store is down, frozen or half gone: never unlimited, never in the way of others."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
from limits.errors import StorageError

from doorward.infrastructure.limits import store as limit_store
from tests.integration.service import Logs, MakeService, Service, is_problem, statuses
from tests.running_time import RunningTime

NO_STORE = "redis://127.0.0.1:1/0"
"""A port that nothing listens on."""

PATIENT_SECONDS = 60
LONGEST_SECONDS = 0.2
"""The default of RATE_LIMIT_STORAGE_TIMEOUT_MS, and as much again for all that a call does besides."""

UNAVAILABLE = "rate_limit.store_unavailable"


class SilentStore:
    """Takes connections and answers nothing, as a store does whose machine stands still."""

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


def events(logs: Logs) -> list[str]:
    return [str(line["event"]) for line in logs.lines() if str(line["event"]).startswith("rate_limit.store")]


async def try_to_log_in(service: Service, times: int) -> list[int]:
    return [(await service.post_token("nobody", "wrong")).status_code for _ in range(times)]


async def test_while_a_call_waits_for_the_store_the_others_are_answered(
    make_service: MakeService, silent: tuple[SilentStore, str], logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, uri = silent
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=uri)
    monkeypatch.setattr(service.app.state.services.limiter._store, "_timeout_seconds", PATIENT_SECONDS)  # noqa: SLF001 - no setting is as long
    waiting = asyncio.create_task(service.post_token("nobody", "wrong"))
    await store.asked.wait()
    assert (await service.client.get("/health/liveness")).status_code == 200
    assert (await service.get_me("unknown")).status_code == 401
    assert not waiting.done()
    # Had the loop stood still, these answers would have come after the call had given the store up.
    assert events(logs) == []
    await store.hang_up()
    assert (await waiting).status_code == 401


async def test_without_its_store_each_process_counts_by_itself(make_service: MakeService) -> None:
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=NO_STORE)
    answers = [await service.post_token("nobody", "wrong") for _ in range(11)]
    assert statuses(answers[:-1]) == [401] * 10
    assert is_problem(answers[-1], 429, "rate_limit_exceeded")


async def test_a_store_that_never_answers_costs_a_bounded_time_and_no_limit(
    make_service: MakeService, silent: tuple[SilentStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_store, "PAUSE_SECONDS", 0)
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=silent[1])
    async with asyncio.timeout(30):
        assert await try_to_log_in(service, 11) == [401] * 10 + [429]
    assert len(silent[0].connections) == 11


@pytest.mark.parametrize("is_there", [True, False], ids=["frozen", "down"])
async def test_a_store_that_is_away_holds_up_a_call_for_a_tenth_of_a_second_at_most(
    make_service: MakeService, silent: tuple[SilentStore, str], monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    monkeypatch.setattr(limit_store, "PAUSE_SECONDS", 0)
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=silent[1] if is_there else NO_STORE)
    taken = []
    with RunningTime() as clock:
        for _ in range(9):
            began = clock.now()
            assert (await service.post_refresh("unknown")).status_code == 401
            taken.append(clock.now() - began)
    assert statistics.median(taken) < LONGEST_SECONDS


async def test_a_store_that_is_away_is_said_once_and_not_for_each_call(
    make_service: MakeService, silent: tuple[SilentStore, str], logs: Logs
) -> None:
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=silent[1])
    answers = await asyncio.gather(*(service.post_token("nobody", "wrong") for _ in range(20)))
    assert statuses(answers) == [401] * 10 + [429] * 10
    await try_to_log_in(service, 3)
    assert events(logs) == [UNAVAILABLE]
    (line,) = [line for line in logs.lines() if line["event"] == UNAVAILABLE]
    assert (line["level"], line["error"]) == ("warning", "TimeoutError")


async def test_a_store_that_is_away_is_asked_by_one_call_in_each_pause(
    make_service: MakeService, silent: tuple[SilentStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_store, "PAUSE_SECONDS", 3600)
    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=silent[1])
    await try_to_log_in(service, 8)
    assert len(silent[0].connections) == 1


async def test_a_store_that_fails_after_the_count_costs_a_whole_window(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def over_the_limit(*_: object) -> bool:
        return False

    async def fail(*_: object) -> NoReturn:
        raise StorageError(ConnectionError())

    service = await make_service(rate_limit_enabled=True, rate_limit_storage_uri=NO_STORE)
    strategy = service.app.state.services.limiter._store._strategy  # noqa: SLF001 - to have one of its answers fail
    monkeypatch.setattr(strategy, "hit", over_the_limit)
    monkeypatch.setattr(strategy, "get_window_stats", fail)
    answer = await service.post_token("nobody", "wrong")
    assert is_problem(answer, 429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "60"


async def test_a_shared_limit_that_is_switched_off_asks_no_store(
    make_service: MakeService, silent: tuple[SilentStore, str]
) -> None:
    service = await make_service(rate_limit_enabled=False, rate_limit_storage_uri=silent[1])
    assert await try_to_log_in(service, 12) == [401] * 12
    assert not silent[0].connections
