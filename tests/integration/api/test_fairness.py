"""A legitimate user is served although one account or many client addresses overload the service."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import bcrypt
import httpx
import psycopg
import pytest

from development.client import ME, PASSWORD, REGISTER, TOKEN, Person, pair
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.infrastructure.passwords import MINIMUM_CAPACITY, available_cores
from tests.integration.administration.administrator import AUDIT, signed_in_with
from tests.integration.items.catalogue import SEARCH, Owner, sign_in
from tests.integration.service import Logs, MakeService, Service, events, is_problem, statuses

BOUND_SECONDS = 120
"""Long, because the machine may be busy."""

SEARCHES = 150
HOSTILE_ADDRESSES = 90
READINESS = "/health/readiness"


@pytest.fixture
async def alone(make_service: MakeService, own_database: str) -> Service:
    """A service with production limits, on a database whose tables the test may lock."""
    return await make_service(
        database_url=own_database, calls_per_user=50, calls_per_address=512, password_hashes_per_address=50
    )


@asynccontextmanager
async def held_items(service: Service) -> AsyncIterator[None]:
    """Block every statement on items until the context ends."""
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        yield


async def refusals(calls: list[asyncio.Task[httpx.Response]], number: int) -> None:
    """Wait until this number of calls was answered; the accepted calls wait for the lock."""
    while sum(call.done() for call in calls) < number:  # noqa: ASYNC110 - any of the calls may end next
        await asyncio.sleep(0.01)


async def is_served(service: Service, person: Person, access: str, refresh: str) -> None:
    """Make the calls of a legitimate user, and check that each succeeds."""
    assert (await service.get_me(access)).status_code == 200
    await service.refresh(refresh)
    await service.log_in(person)


async def test_searches_of_one_account_do_not_block_accounts_and_sessions_of_others(alone: Service, logs: Logs) -> None:
    hostile = await sign_in(alone)
    person, tokens = await alone.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS):
        async with held_items(alone):
            searches = [asyncio.create_task(hostile.get(SEARCH, q="word")) for _ in range(SEARCHES)]
            await alone.locks_are_waited_for(2)
            await refusals(searches, SEARCHES - 50)
            await is_served(alone, person, tokens.access, tokens.refresh)
            assert (await alone.client.get(READINESS)).status_code == 200
        answers = await asyncio.gather(*searches)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert statuses(answers) == [200] * 50 + [429] * (SEARCHES - 50)
    assert is_problem(refused[0], 429, "too_many_calls_of_user")
    assert refused[0].headers["retry-after"] == "1"
    assert events(logs, "budget.exceeded")[0]["budget"] == "too_many_calls_of_user"


async def test_searches_of_the_audit_log_do_not_block_accounts_and_sessions_of_others(alone: Service) -> None:
    """They may take until the statement timeout, and auditors are not administrators."""
    auditor = await signed_in_with(alone, "auditor")
    person, tokens = await alone.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS):
        async with await psycopg.AsyncConnection.connect(alone.database_url) as holder:
            await holder.execute("LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE")
            searches = [asyncio.create_task(auditor.call("GET", AUDIT, params={"type": "x"})) for _ in range(40)]
            await alone.locks_are_waited_for(2)
            assert (await alone.get_me(tokens.access)).status_code == 200
        assert statuses(await asyncio.gather(*searches)) == [200] * 40
    await is_served(alone, person, tokens.access, tokens.refresh)


async def test_searches_of_one_account_do_not_block_searches_of_others(alone: Service) -> None:
    hostile, genuine = await sign_in(alone), await sign_in(alone)
    async with asyncio.timeout(BOUND_SECONDS):
        async with held_items(alone):
            searches = [asyncio.create_task(hostile.get(SEARCH, q="word")) for _ in range(40)]
            await alone.locks_are_waited_for(2)
            own = asyncio.create_task(genuine.get(SEARCH, q="word"))
            await alone.locks_are_waited_for(3)
        assert statuses([await own, *await asyncio.gather(*searches)]) == [200] * 41


async def test_a_pool_with_a_single_connection_serves_all_calls(make_service: MakeService) -> None:
    service = await make_service(db_pool_max_conn=1)
    owner = await sign_in(service)
    await owner.create("A word")
    answers = await asyncio.gather(
        *(owner.get(SEARCH, q="word") for _ in range(20)), *(service.get_me(owner.access) for _ in range(20))
    )
    assert statuses(answers) == [200] * 40
    assert (await owner.import_csv("title\nB\n")).status_code == 200


async def test_concurrent_calls_of_one_address_are_limited_except_health_calls(
    make_service: MakeService, own_database: str
) -> None:
    service = await make_service(database_url=own_database, calls_per_address=3, db_pool_max_conn=4)
    owner = await sign_in(service)
    async with asyncio.timeout(BOUND_SECONDS):
        async with held_items(service):
            searches = [asyncio.create_task(owner.get(SEARCH, q="word")) for _ in range(3)]
            await service.locks_are_waited_for(1)
            refused = await service.get_me(owner.access)
            assert is_problem(refused, 429, "too_many_calls_of_address")
            assert (await service.client.get(READINESS)).status_code == 200
            async with service.client_at("198.51.100.1") as other:
                headers = {"Authorization": f"Bearer {owner.access}"}
                assert (await other.get(ME, headers=headers)).status_code == 200
        await asyncio.gather(*searches)
    assert (await service.get_me(owner.access)).status_code == 200


async def test_eight_hundred_probes_share_one_query_and_succeed_with_a_full_pool(
    make_service: MakeService, own_database: str
) -> None:
    service = await make_service(database_url=own_database, db_pool_max_conn=1)
    _, tokens = await service.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS):
        async with service.database.connection():
            waiting = asyncio.create_task(service.get_me(tokens.access))
            before = service.connections_asked_for()
            answers = await asyncio.gather(*(service.client.get(READINESS) for _ in range(800)))
            assert statuses(answers) == [200] * 800
            assert service.connections_asked_for() - before <= 1
        assert (await waiting).status_code == 200


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An event that delays all hashes until it is set."""
    opened = threading.Event()
    opened.set()
    hashpw = bcrypt.hashpw

    def waiting_hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", waiting_hashpw)
    yield opened
    opened.set()


async def hostile_login(service: Service, number: int, username: str) -> httpx.Response:
    async with service.client_at(f"198.{number}.100.1") as client:
        form = {"username": username, "password": "wrong"}
        return await client.post(TOKEN, data=form)


async def until_waiting(service: Service, number: int) -> None:
    hasher: Any = service.hasher
    while hasher.waiting < number:  # noqa: ASYNC110 - the hasher has no event for this
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("guessed", "hashes", "refused"), [("of many", MINIMUM_CAPACITY, 503), ("of one", LOGIN_CURVE.free, 429)]
)
async def test_logins_from_ninety_addresses_do_not_block_logins_and_registrations_of_others(
    alone: Service, gate: threading.Event, guessed: str, hashes: int, refused: int
) -> None:
    person, tokens = await alone.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS):
        gate.clear()
        flood = []
        for number in range(HOSTILE_ADDRESSES):
            name = f"victim-{number}" if guessed == "of many" else person.username
            flood += [asyncio.create_task(hostile_login(alone, number, name)) for _ in range(3)]
        await until_waiting(alone, hashes - available_cores())
        login = asyncio.create_task(alone.post_token(person.username, PASSWORD))
        body = {"email": "new@example.com", "username": "newcomer", "password": PASSWORD}
        async with alone.client_at("192.0.2.1") as newcomer:
            register = asyncio.create_task(newcomer.post(REGISTER, json=body))
            assert (await alone.get_me(tokens.access)).status_code == 200
            await alone.refresh(tokens.refresh)
            gate.set()
            pair(await login)
            assert (await register).status_code == 201
        answers = await asyncio.gather(*flood)
    assert {answer.status_code for answer in answers} == {401, refused}


async def test_the_queued_hashes_of_one_address_are_limited(make_service: MakeService, gate: threading.Event) -> None:
    service = await make_service(password_hashes_per_address=2)
    person = await service.register()
    async with asyncio.timeout(BOUND_SECONDS):
        gate.clear()
        waiting = [asyncio.create_task(service.post_token(person.username, PASSWORD)) for _ in range(3)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        gate.set()
        answers = await asyncio.gather(*waiting)
    assert statuses(answers) == [200, 200, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert is_problem(refused, 429, "too_many_passwords_waiting")
    assert (refused.headers["retry-after"], refused.json()["error"]) == ("1", "temporarily_unavailable")


async def test_the_hash_for_a_disconnected_client_is_not_computed(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    service = await make_service()
    computed: list[bytes] = []
    hashpw = bcrypt.hashpw
    opened = threading.Event()

    def noting_hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        computed.append(salt)
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", noting_hashpw)
    hasher: Any = service.hasher
    threads = available_cores()
    async with asyncio.timeout(BOUND_SECONDS):
        occupying = [asyncio.create_task(hasher.hash("x")) for _ in range(threads)]
        await asyncio.sleep(0)
        left = asyncio.Event()
        leaving = asyncio.create_task(send_login(service, left))
        await until_waiting(service, 1)
        left.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        opened.set()
        await asyncio.gather(leaving, *occupying)
    assert len(computed) == threads
    assert events(logs, "http.request.disconnected")
    assert events(logs, "auth.login.failed") == []


async def send_login(service: Service, left: asyncio.Event) -> None:
    """Send a login, and disconnect when the event is set."""
    body = iter([{"type": "http.request", "body": b"username=nobody&password=wrong", "more_body": False}])
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    path = TOKEN
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        message = next(body, None)
        if message is None:
            await left.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(_: Any) -> None:
        raise AssertionError

    await service.app(scope, receive, send)


async def test_a_finished_call_does_not_count_whether_it_succeeded_or_failed(make_service: MakeService) -> None:
    service = await make_service(calls_per_address=1, calls_per_user=1)
    owner: Owner = await sign_in(service)
    for _ in range(3):
        assert (await service.get_me(owner.access)).status_code == 200
        assert (await service.get_me("unknown")).status_code == 401
        assert (await owner.get("/api/v1/items/no-id")).status_code == 404
        assert (await owner.post({"title": ""})).status_code == 422
