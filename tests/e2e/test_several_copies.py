"""Two copies of the product on one PostgreSQL and one Redis: to clients they are one."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.e2e.people import Client, Person, all_at_once, tokens_of
from tests.e2e.stack import Companion, Service, Stack
from tests.e2e.test_login_storm import p50_and_p99
from tests.e2e.test_metrics import series_of, value
from tests.e2e.test_refresh_races import refresh_sixty_times_at_once

CALLERS = 60
PATIENCE_MS = "5000"
"""So that a busy machine is not taken for a store that is away."""

STORE_PAUSE_SECONDS = 1
SAMPLES = 200
CALLERS_OF_THE_STORE = 8
CALL_PERIOD_SECONDS = 0.25
"""The same load on the store whether it answers at once or after 200 ms."""

UNAVAILABLE = "rate_limit.store_unavailable"
RECOVERED = "rate_limit.store_recovered"


@contextlib.contextmanager
def two_copies(stack: Stack, **settings: str) -> Iterator[tuple[Service, Service]]:
    with stack.service(**settings) as one, stack.service(**settings) as other:
        yield one, other


@pytest.fixture(scope="module")
def copies(stack: Stack) -> Iterator[tuple[Client, Client]]:
    with two_copies(stack) as (one, other):
        yield Client(one), Client(other)


@pytest.fixture(scope="module")
def redis(stack: Stack) -> Iterator[Companion]:
    with stack.redis() as companion:
        yield companion


def limited_by(store: Companion, **settings: str) -> dict[str, str]:
    uri = f"redis://{store.address()}/0"
    return {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_STORAGE_URI": uri, **settings}


def statuses_of_logins(client: Client, times: int) -> list[int]:
    return [client.token(Person()).status_code for _ in range(times)]


def test_what_one_copy_registers_the_other_logs_in_and_the_first_knows(copies: tuple[Client, Client]) -> None:
    one, other = copies
    person = one.new_person()
    tokens = other.log_in(person)
    assert one.me(tokens.access).json()["username"] == person.username
    assert other.revoke(tokens.refresh).status_code == 204
    assert one.me(tokens.access).status_code == 401


def test_a_token_refreshed_on_one_copy_and_reused_on_the_other_kills_the_session_on_both_at_once(
    copies: tuple[Client, Client],
) -> None:
    one, other = copies
    first = one.log_in()
    second = tokens_of(one.refresh(first.refresh))
    assert other.refresh(first.refresh).status_code == 401
    for copy in copies:
        assert copy.me(second.access).status_code == 401
        assert copy.me(first.access).status_code == 401
        assert copy.refresh(second.refresh).status_code == 401


def test_of_sixty_uses_of_one_token_spread_over_both_copies_exactly_one_succeeds(
    copies: tuple[Client, Client],
) -> None:
    _, answers, statuses = refresh_sixty_times_at_once(*copies)
    assert statuses == {200: 1, 401: CALLERS - 1}
    winner = tokens_of(next(answer for answer in answers if answer.ok))
    assert {copy.refresh(winner.refresh).status_code for copy in copies} == {401}


def test_one_limit_holds_over_both_copies(stack: Stack, redis: Companion) -> None:
    settings = limited_by(redis, RATE_LIMIT_TOKEN="10/hour", RATE_LIMIT_STORAGE_TIMEOUT_MS=PATIENCE_MS)
    with two_copies(stack, **settings) as services:
        copies = [Client(service) for service in services]
        answers = [copies[number % 2].token(Person()) for number in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert all(3500 < int(answer.headers["Retry-After"]) <= 3600 for answer in answers[-2:])
        assert UNAVAILABLE not in "".join(service.logs() for service in services)


def test_of_sixty_calls_at_once_on_both_copies_no_more_than_the_limit_get_through(
    stack: Stack, redis: Companion
) -> None:
    settings = limited_by(redis, RATE_LIMIT_REFRESH="20/day", RATE_LIMIT_STORAGE_TIMEOUT_MS=PATIENCE_MS)
    with two_copies(stack, **settings) as services:
        copies = [Client(service) for service in services]
        answers = all_at_once([partial(copies[number % 2].refresh, "dwr_unknown") for number in range(CALLERS)])
        assert Counter(answer.status_code for answer in answers) == {401: 20, 429: CALLERS - 20}


def test_a_frozen_store_leaves_each_copy_its_own_limit_and_its_return_is_noticed(
    stack: Stack, redis: Companion
) -> None:
    settings = limited_by(redis, RATE_LIMIT_TOKEN="3/day")
    with two_copies(stack, **settings) as services:
        redis.freeze()
        try:
            assert [statuses_of_logins(Client(service), 4) for service in services] == [[401] * 3 + [429]] * 2
            assert [service.logs().count(UNAVAILABLE) for service in services] == [1, 1]
            assert [told_of_the_store(service) for service in services] == [(1, 1)] * 2
        finally:
            redis.thaw()
        wait_for(services, RECOVERED)
        assert [told_of_the_store(service) for service in services] == [(1, 0)] * 2


def told_of_the_store(service: Service) -> tuple[float, float]:
    """Return what metrics say: how often the store was lost, and how many workers are without it now."""
    series = series_of(service)
    return value(series, "warnings_total", event=UNAVAILABLE), value(series, "rate_limit_store_away")


def wait_for(services: tuple[Service, ...], event: str) -> None:
    deadline = time.monotonic() + 30
    while not all(event in service.logs() for service in services):
        assert time.monotonic() < deadline
        for service in services:
            Client(service).token(Person())
        time.sleep(STORE_PAUSE_SECONDS / 4)


def test_a_store_slowed_by_200_ms_does_not_slow_who_asks_it_not(
    stack: Stack, redis: Companion, findings: list[str]
) -> None:
    with stack.slowed(redis, milliseconds=0) as quick, stack.slowed(redis, milliseconds=200) as slow:
        samples = [milliseconds_beside_limited_calls(stack, limited_by(store)) for store in (quick, slow)]
        patient = limited_by(slow, RATE_LIMIT_STORAGE_TIMEOUT_MS=PATIENCE_MS)
        samples.append(milliseconds_beside_limited_calls(stack, patient))
    for name, each in zip(("at once", "after 200 ms", "after 200 ms, waited for"), samples, strict=True):
        findings.append(f"/me beside limited calls, Redis answering {name}: {p50_and_p99(each)}")
    assert len(samples[1]) == len(samples[0]) == SAMPLES


def milliseconds_of_me(client: Client, access_token: str) -> float:
    started = time.perf_counter()
    assert client.me(access_token).status_code == 200
    return (time.perf_counter() - started) * 1000


def milliseconds_beside_limited_calls(stack: Stack, settings: dict[str, str]) -> list[float]:
    """Return how long calls without a limit take while others keep asking the store."""
    with stack.service(**settings, RATE_LIMIT_REFRESH="1000000/day") as service:
        client, done = Client(service), threading.Event()
        access_token = client.log_in().access

        def ask_the_store() -> set[int]:
            statuses, due = set(), time.monotonic()
            while not done.wait(max(0, due - time.monotonic())):
                statuses.add(client.refresh("dwr_unknown").status_code)
                due += CALL_PERIOD_SECONDS
            return statuses

        with ThreadPoolExecutor(CALLERS_OF_THE_STORE) as threads:
            asking = [threads.submit(ask_the_store) for _ in range(CALLERS_OF_THE_STORE)]
            try:
                samples = [milliseconds_of_me(client, access_token) for _ in range(SAMPLES) if not done.wait(0.01)]
            finally:
                done.set()
        assert {status for each in asking for status in each.result()} == {401}
        return samples
