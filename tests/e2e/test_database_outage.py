"""PostgreSQL stopped and frozen: every call says so in time, and all is well again without a restart."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
import requests

from tests.e2e.people import LIVENESS, READINESS, Client, Person, all_at_once
from tests.e2e.stack import Service, Stack

STOPPED_SECONDS = 3.0
FROZEN_SECONDS = 5.0
HEALED_SECONDS = 5.0
"""The requirement's own bounds: an answer while stopped, while frozen, and a good one after the return."""

LOAD_THREADS = 8
CROWD = 40
EXPECTED = {"register": 201, "token": 200, "me": 200, "refresh": 200, "revoke": 204}

Call = Callable[[], requests.Response]


@dataclass(frozen=True)
class Answered:
    """One call: which, when it began, how long it took, and what came back."""

    call: str
    began: float
    seconds: float
    response: requests.Response


@pytest.fixture(scope="module")
def breakable_service(breakable_stack: Stack) -> Iterator[Service]:
    with breakable_stack.service() as service:
        yield service


@pytest.fixture
def breakable_client(breakable_service: Service) -> Client:
    return Client(breakable_service)


def calls_of_somebody(client: Client) -> dict[str, Call]:
    """Return each call of the API, which succeeds once when the database is there."""
    person = client.new_person()
    session, other = client.log_in(person), client.log_in(person)
    return {
        "register": lambda: client.register(Person()),
        "token": lambda: client.token(person),
        "me": lambda: client.me(session.access),
        "refresh": lambda: client.refresh(session.refresh),
        "revoke": lambda: client.revoke(other.refresh),
    }


def timed(name: str, call: Call) -> Answered:
    began = time.monotonic()
    response = call()
    return Answered(name, began, time.monotonic() - began, response)


def assert_unavailable(answered: Answered, within: float) -> None:
    response = answered.response
    assert response.status_code == 503, (answered.call, response.text)
    assert response.json()["code"] == "service_unavailable"
    assert int(response.headers["Retry-After"]) >= 1
    assert answered.seconds < within, answered.call


def assert_each_unavailable(client: Client, calls: dict[str, Call], within: float) -> None:
    everything: dict[str, Call] = {**calls, "readiness": partial(client.call, "GET", READINESS)}
    for answered in all_at_once([partial(timed, name, call) for name, call in everything.items()]):
        assert_unavailable(answered, within)
    liveness = timed("liveness", partial(client.call, "GET", LIVENESS))
    assert liveness.response.status_code == 200
    assert liveness.seconds < within


def wait_until_ready(client: Client) -> None:
    returned = time.monotonic()
    while not client.call("GET", READINESS).ok:
        assert time.monotonic() - returned < HEALED_SECONDS
        time.sleep(0.05)


def assert_heals(client: Client, calls: dict[str, Call]) -> None:
    """Wait for a first ready answer; from then on every call succeeds, those without a password hash in time."""
    returned = time.monotonic()
    wait_until_ready(client)
    for name in ("me", "refresh", "revoke", "token", "register"):
        response = calls[name]()
        assert response.status_code == EXPECTED[name], (name, response.text)
        if name == "revoke":
            assert time.monotonic() - returned < HEALED_SECONDS


def call_until(stop: threading.Event, client: Client, person: Person, access_token: str) -> list[Answered]:
    """Make all kinds of calls, one after the other; a session of its own for those that end one."""
    answered = []
    while not stop.is_set():
        answered.append(timed("me", lambda: client.me(access_token)))
        answered.append(timed("token", lambda: client.token(person)))
        if (login := answered[-1].response).ok:
            token = login.json()["refresh_token"]
            answered.append(timed("refresh", partial(client.refresh, token)))
            answered.append(timed("revoke", partial(client.revoke, token)))
        answered.append(timed("register", lambda: client.register(Person())))
        answered.append(timed("liveness", lambda: client.call("GET", LIVENESS)))
    return answered


def test_with_postgresql_stopped_under_load_every_call_is_503_in_time_and_heals(
    breakable_stack: Stack, breakable_client: Client
) -> None:
    client, stop = breakable_client, threading.Event()
    person = client.new_person()
    access_token = client.log_in(person).access
    calls = calls_of_somebody(client)
    with ThreadPoolExecutor(LOAD_THREADS) as threads:
        load = [threads.submit(call_until, stop, client, person, access_token) for _ in range(LOAD_THREADS)]
        try:
            time.sleep(1)
            breakable_stack.stop_database()
            stopped = time.monotonic()
            assert_each_unavailable(client, calls, STOPPED_SECONDS)
            time.sleep(3)
            before_start = time.monotonic()
            breakable_stack.start_database()
            returned = time.monotonic()
            assert_heals(client, calls)
            time.sleep(max(0.0, returned + HEALED_SECONDS + 1 - time.monotonic()))
        finally:
            stop.set()
    check_load([each for one in load for each in one.result()], stopped, before_start, returned)


def check_load(answered: list[Answered], stopped: float, before_start: float, returned: float) -> None:
    database_calls = [each for each in answered if each.call != "liveness"]
    assert {each.response.status_code for each in answered if each.call == "liveness"} == {200}
    for each in database_calls:
        assert each.seconds < STOPPED_SECONDS, each.call
        if not each.response.ok and each.response.status_code != 401:
            assert_unavailable(each, STOPPED_SECONDS)
    while_stopped = [
        each for each in database_calls if each.began > stopped and each.began + each.seconds < before_start
    ]
    assert len(while_stopped) >= LOAD_THREADS
    assert {each.response.status_code for each in while_stopped} == {503}
    healed = [each for each in database_calls if each.began > returned + HEALED_SECONDS]
    assert healed
    assert all(each.response.status_code == EXPECTED[each.call] for each in healed)


def test_with_postgresql_frozen_every_call_is_503_in_time_and_heals(
    breakable_stack: Stack, breakable_client: Client
) -> None:
    calls = calls_of_somebody(breakable_client)
    breakable_stack.freeze_database()
    try:
        for _ in range(2):
            assert_each_unavailable(breakable_client, calls, FROZEN_SECONDS)
        crowd = [partial(timed, "me", calls["me"])] * CROWD
        for answered in all_at_once(crowd):
            assert_unavailable(answered, FROZEN_SECONDS)
    finally:
        breakable_stack.thaw_database()
    wait_until_ready(breakable_client)
    # PostgreSQL may yet carry out what was under way when it froze, so these are another person's sessions.
    for name, call in calls_of_somebody(breakable_client).items():
        assert call().status_code == EXPECTED[name], name


def test_a_restart_of_postgresql_between_requests_costs_none(breakable_stack: Stack, breakable_client: Client) -> None:
    calls = calls_of_somebody(breakable_client)
    breakable_stack.stop_database()
    breakable_stack.start_database()
    for name, call in calls.items():
        assert call().status_code == EXPECTED[name], name
