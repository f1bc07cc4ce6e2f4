"""While PostgreSQL is stopped or frozen, every call returns 503 in time; then the service recovers without a restart.

This file is the last of the ring, because it stops the database of the stack that all files share.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from development.client import LIVENESS, READINESS, ApiClient, Person
from tests.e2e.people import TIMEOUT_SECONDS, all_at_once, client_of, new_person
from tests.e2e.stack import Service, Stack
from tests.running_time import RunningTime

STOPPED_SECONDS = 3.0
FROZEN_SECONDS = 5.0
HEALED_SECONDS = 5.0
"""The limits of the requirement: for a response while stopped, while frozen, and for a success after the recovery."""

CALLERS = 8
CROWD = 40
EXPECTED = {"register": 201, "token": 200, "me": 200, "refresh": 200, "revoke": 204}

Call = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Answered:
    """A call with its name, start, duration and response."""

    call: str
    began: float
    seconds: float
    response: httpx.Response

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def uses_the_database(self) -> bool:
        return self.call != "liveness"


class Outage:
    """A client, and the clock that measures its calls."""

    def __init__(self, client: ApiClient, clock: RunningTime) -> None:
        self.client = client
        self.clock = clock

    async def timed(self, name: str, call: Call) -> Answered:
        began = self.clock.now()
        response = await call()
        return Answered(name, began, self.clock.now() - began, response)

    async def assert_each_unavailable(self, calls: dict[str, Call], within: float) -> None:
        everything: dict[str, Call] = {**calls, "readiness": partial(self.client.call, "GET", READINESS)}
        for answered in await all_at_once(self.timed(name, call) for name, call in everything.items()):
            assert_unavailable(answered, within)
        liveness = await self.timed("liveness", partial(self.client.call, "GET", LIVENESS))
        assert liveness.response.status_code == 200
        assert liveness.seconds < within

    async def wait_until_ready(self) -> None:
        returned = self.clock.now()
        while not (await self.client.call("GET", READINESS)).is_success:
            assert self.clock.now() - returned < HEALED_SECONDS
            await asyncio.sleep(0.05)

    async def assert_heals(self, calls: dict[str, Call]) -> None:
        """Wait until the service is ready; then every call succeeds, those without a password hash within the limit."""
        returned = self.clock.now()
        await self.wait_until_ready()
        for name in ("me", "refresh", "revoke", "token", "register"):
            response = await calls[name]()
            assert response.status_code == EXPECTED[name], (name, response.text)
            if name == "revoke":
                assert self.clock.now() - returned < HEALED_SECONDS


class Load:
    """Tasks that make all kinds of calls, one after the other, until the end of `running`."""

    def __init__(self, outage: Outage, person: Person, access_token: str) -> None:
        self.answered: list[Answered] = []
        self._outage = outage
        self._person = person
        self._access_token = access_token
        self._is_over = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CALLERS):
                tasks.create_task(self._call_until_over())
            try:
                yield
            finally:
                self._is_over = True

    def between(self, start: float, end: float) -> list[Answered]:
        """Return the calls that use the database and began and ended between these readings of the clock."""
        return [each for each in self.answered if each.uses_the_database and start < each.began and each.ended < end]

    async def wait_for_calls(self, since: float) -> None:
        """Wait for responses to calls that began after this reading, two for each task."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(self.between(since, self._outage.clock.now())) < 2 * CALLERS:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    async def _call_until_over(self) -> None:
        client = self._outage.client
        while not self._is_over:
            await self._call("me", partial(client.get_me, self._access_token))
            login = await self._call("token", partial(client.post_login, self._person))
            if login.is_success:
                token = login.json()["refresh_token"]
                await self._call("refresh", partial(client.post_refresh, token))
                await self._call("revoke", partial(client.post_revoke, token))
            await self._call("register", partial(client.post_account, new_person()))
            await self._call("liveness", partial(client.call, "GET", LIVENESS))

    async def _call(self, name: str, call: Call) -> httpx.Response:
        answered = await self._outage.timed(name, call)
        self.answered.append(answered)
        return answered.response


@pytest.fixture
def outage(service: Service) -> Iterator[Outage]:
    with RunningTime(lowest_priority=True) as clock:
        yield Outage(client_of(service), clock)


async def calls_of_one_user(client: ApiClient) -> dict[str, Call]:
    """Return calls of the API, each of which succeeds once while the database is available."""
    person = await client.register()
    session, other = await client.log_in(person), await client.log_in(person)
    return {
        "register": partial(client.post_account, new_person()),
        "token": partial(client.post_login, person),
        "me": partial(client.get_me, session.access),
        "refresh": partial(client.post_refresh, session.refresh),
        "revoke": partial(client.post_revoke, other.refresh),
    }


def assert_unavailable(answered: Answered, within: float) -> None:
    response = answered.response
    assert response.status_code == 503, (answered.call, response.text)
    assert response.json()["code"] == "service_unavailable"
    assert int(response.headers["Retry-After"]) >= 1
    assert answered.seconds < within, answered.call


async def test_with_postgresql_stopped_under_load_every_call_is_503_in_time_and_recovers(
    stack: Stack, outage: Outage
) -> None:
    calls, clock = await calls_of_one_user(outage.client), outage.clock
    person, tokens = await outage.client.register_and_log_in()
    load = Load(outage, person, tokens.access)
    async with load.running():
        await load.wait_for_calls(since=clock.now())
        await asyncio.to_thread(stack.stop_database)
        try:
            stopped = clock.now()
            await outage.assert_each_unavailable(calls, STOPPED_SECONDS)
            await load.wait_for_calls(since=stopped)
            before_start = clock.now()
        finally:
            await asyncio.to_thread(stack.start_database)
        healed = clock.now() + HEALED_SECONDS
        await outage.assert_heals(calls)
        while clock.now() < healed:  # noqa: ASYNC110 - the clock has no event to wait for
            await asyncio.sleep(0.05)
        await load.wait_for_calls(since=healed)
    check_load(load, stopped, before_start, healed)


def check_load(load: Load, stopped: float, before_start: float, healed: float) -> None:
    assert {each.response.status_code for each in load.answered if not each.uses_the_database} == {200}
    for each in load.answered:
        assert each.seconds < STOPPED_SECONDS, each.call
        if not each.response.is_success and each.response.status_code != 401:
            assert_unavailable(each, STOPPED_SECONDS)
    assert {each.response.status_code for each in load.between(stopped, before_start)} == {503}
    good_again = load.between(healed, float("inf"))
    assert [each.call for each in good_again if each.response.status_code != EXPECTED[each.call]] == []


async def test_with_postgresql_frozen_every_call_is_503_in_time_and_recovers(stack: Stack, outage: Outage) -> None:
    calls = await calls_of_one_user(outage.client)
    stack.freeze_database()
    try:
        for _ in range(2):
            await outage.assert_each_unavailable(calls, FROZEN_SECONDS)
        for answered in await all_at_once(outage.timed("me", calls["me"]) for _ in range(CROWD)):
            assert_unavailable(answered, FROZEN_SECONDS)
    finally:
        stack.thaw_database()
    await outage.wait_until_ready()
    # PostgreSQL may still finish statements from before the freeze, so these are another person's sessions.
    for name, call in (await calls_of_one_user(outage.client)).items():
        assert (await call()).status_code == EXPECTED[name], name
