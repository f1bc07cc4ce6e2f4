"""PostgreSQL stopped and frozen: every call says so in time, and all is well again without a restart.

The last file of the ring, on the stack that all files share: no other test sees PostgreSQL away.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import pytest
import requests

from tests.e2e.people import LIVENESS, READINESS, TIMEOUT_SECONDS, Client, Person, all_at_once
from tests.e2e.stack import QUICK_HASHES, Service, Stack
from tests.running_time import RunningTime

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

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def asks_the_database(self) -> bool:
        return self.call != "liveness"


class Outage:
    """A client and the clock that its calls are timed by."""

    def __init__(self, client: Client, clock: RunningTime) -> None:
        self.client = client
        self.clock = clock

    def timed(self, name: str, call: Call) -> Answered:
        began = self.clock.now()
        response = call()
        return Answered(name, began, self.clock.now() - began, response)

    def assert_each_unavailable(self, calls: dict[str, Call], within: float) -> None:
        everything: dict[str, Call] = {**calls, "readiness": partial(self.client.call, "GET", READINESS)}
        for answered in all_at_once([partial(self.timed, name, call) for name, call in everything.items()]):
            assert_unavailable(answered, within)
        liveness = self.timed("liveness", partial(self.client.call, "GET", LIVENESS))
        assert liveness.response.status_code == 200
        assert liveness.seconds < within

    def wait_until_ready(self) -> None:
        returned = self.clock.now()
        while not self.client.call("GET", READINESS).ok:
            assert self.clock.now() - returned < HEALED_SECONDS
            time.sleep(0.05)

    def assert_heals(self, calls: dict[str, Call]) -> None:
        """Wait for a first ready answer; from then on every call succeeds, those without a password hash in time."""
        returned = self.clock.now()
        self.wait_until_ready()
        for name in ("me", "refresh", "revoke", "token", "register"):
            response = calls[name]()
            assert response.status_code == EXPECTED[name], (name, response.text)
            if name == "revoke":
                assert self.clock.now() - returned < HEALED_SECONDS


class Load:
    """Threads that make all kinds of calls, one after the other, while the block lasts."""

    def __init__(self, outage: Outage) -> None:
        self.answered: list[Answered] = []
        self._outage = outage
        self._person = outage.client.new_person()
        self._access_token = outage.client.log_in(self._person).access
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(LOAD_THREADS)

    def __enter__(self) -> Self:
        self._loops = [self._threads.submit(self._call_until_stopped) for _ in range(LOAD_THREADS)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._threads.shutdown()
        for loop in self._loops:
            loop.result()

    def between(self, start: float, end: float) -> list[Answered]:
        """Return the calls of the database that began and ended within these readings of the clock."""
        answered = list(self.answered)
        return [each for each in answered if each.asks_the_database and start < each.began and each.ended < end]

    def wait_for_calls(self, since: float) -> None:
        """Wait until calls that began after this reading were answered, two for each thread."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(self.between(since, self._outage.clock.now())) < 2 * LOAD_THREADS:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _call_until_stopped(self) -> None:
        client = self._outage.client
        while not self._stop.is_set():
            self._call("me", lambda: client.me(self._access_token))
            login = self._call("token", lambda: client.token(self._person))
            if login.ok:
                token = login.json()["refresh_token"]
                self._call("refresh", partial(client.refresh, token))
                self._call("revoke", partial(client.revoke, token))
            self._call("register", lambda: client.register(Person()))
            self._call("liveness", lambda: client.call("GET", LIVENESS))

    def _call(self, name: str, call: Call) -> requests.Response:
        answered = self._outage.timed(name, call)
        self.answered.append(answered)
        return answered.response


@pytest.fixture(scope="module")
def breakable_service(stack: Stack) -> Iterator[Service]:
    """What is measured is the waiting for PostgreSQL, not that for password hashes."""
    with stack.service(**QUICK_HASHES) as service:
        yield service


@pytest.fixture
def outage(breakable_service: Service) -> Iterator[Outage]:
    with RunningTime(lowest_priority=True) as clock:
        yield Outage(Client(breakable_service), clock)


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


def assert_unavailable(answered: Answered, within: float) -> None:
    response = answered.response
    assert response.status_code == 503, (answered.call, response.text)
    assert response.json()["code"] == "service_unavailable"
    assert int(response.headers["Retry-After"]) >= 1
    assert answered.seconds < within, answered.call


def test_with_postgresql_stopped_under_load_every_call_is_503_in_time_and_heals(stack: Stack, outage: Outage) -> None:
    calls, clock = calls_of_somebody(outage.client), outage.clock
    with Load(outage) as load:
        load.wait_for_calls(since=clock.now())
        stack.stop_database()
        try:
            stopped = clock.now()
            outage.assert_each_unavailable(calls, STOPPED_SECONDS)
            load.wait_for_calls(since=stopped)
            before_start = clock.now()
        finally:
            stack.start_database()
        healed = clock.now() + HEALED_SECONDS
        outage.assert_heals(calls)
        while clock.now() < healed:
            time.sleep(0.05)
        load.wait_for_calls(since=healed)
    check_load(load, stopped, before_start, healed)


def check_load(load: Load, stopped: float, before_start: float, healed: float) -> None:
    assert {each.response.status_code for each in load.answered if not each.asks_the_database} == {200}
    for each in load.answered:
        assert each.seconds < STOPPED_SECONDS, each.call
        if not each.response.ok and each.response.status_code != 401:
            assert_unavailable(each, STOPPED_SECONDS)
    assert {each.response.status_code for each in load.between(stopped, before_start)} == {503}
    good_again = load.between(healed, float("inf"))
    assert [each.call for each in good_again if each.response.status_code != EXPECTED[each.call]] == []


def test_with_postgresql_frozen_every_call_is_503_in_time_and_heals(stack: Stack, outage: Outage) -> None:
    calls = calls_of_somebody(outage.client)
    stack.freeze_database()
    try:
        for _ in range(2):
            outage.assert_each_unavailable(calls, FROZEN_SECONDS)
        for answered in all_at_once([partial(outage.timed, "me", calls["me"])] * CROWD):
            assert_unavailable(answered, FROZEN_SECONDS)
    finally:
        stack.thaw_database()
    outage.wait_until_ready()
    # PostgreSQL may yet carry out what was under way when it froze, so these are another person's sessions.
    for name, call in calls_of_somebody(outage.client).items():
        assert call().status_code == EXPECTED[name], name
