"""Responses while PostgreSQL is unavailable, slow or locked, and the recovery without a restart."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import psycopg
import pytest
from psycopg import sql

from development.client import ME, PASSWORD, REFRESH, REGISTER, REVOKE, TOKEN, Pair, Person
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from tests.integration.service import PARTS, Logs, MakeService, Service, is_problem, mark, statuses

BOUND_SECONDS = 20
"""Long, because the machine may be busy. Without a timeout of the service, psycopg waits 30 seconds."""

REFRESHES = 60
STATEMENTS_UNDER_WAY = """SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()"""


@pytest.fixture
def limits_of_time() -> Timeouts:
    """The timeouts of production."""
    return TIMEOUTS


@pytest.fixture(scope="module")
def breakable() -> Iterator[EmbeddedPostgres]:
    """A server for this file, which tests may stop and freeze."""
    with EmbeddedPostgres(durable=False) as server:
        migrate(server.url())
        yield server


@pytest.fixture
async def fragile(make_service: MakeService, breakable: EmbeddedPostgres) -> Service:
    return await make_service(database_url=breakable.url())


def _calls(service: Service, person: Person, pair: Pair) -> dict[str, httpx.Request]:
    build = service.client.build_request
    account = {"email": f"{mark()}@example.com", "username": mark(), "password": PASSWORD}
    token, bearer = {"refresh_token": pair.refresh}, {"Authorization": f"Bearer {pair.access}"}
    csv = {**bearer, "Content-Type": "text/csv"}
    return {
        "register": build("POST", REGISTER, json=account),
        "token": build("POST", TOKEN, data={"username": person.username, "password": PASSWORD}),
        "me": build("GET", ME, headers=bearer),
        "items": build("GET", "/api/v1/items", headers=bearer),
        "item": build("POST", "/api/v1/items", headers=bearer, json={"title": "Casablanca"}),
        "import": build("POST", "/api/v1/items/import", headers=csv, content=b"title\nCasablanca\n"),
        "refresh": build("POST", REFRESH, json=token),
        "revoke": build("POST", REVOKE, json=token),
        "readiness": build("GET", "/health/readiness"),
    }


def _is_unavailable(answer: httpx.Response) -> bool:
    return is_problem(answer, 503, "service_unavailable") and answer.headers["retry-after"] in {"1", "2"}


async def _all_unavailable(service: Service, person: Person, pair: Pair) -> None:
    """Send every call once, concurrently; each must be refused in time."""
    async with asyncio.timeout(BOUND_SECONDS):
        calls = _calls(service, person, pair)
        answers = await asyncio.gather(*map(service.client.send, calls.values()))
    assert {name: _is_unavailable(answer) for name, answer in zip(calls, answers, strict=True)} == dict.fromkeys(
        calls, True
    )
    assert (await service.client.get("/health/liveness")).status_code == 200
    assert (await service.client.get("/health/startup")).status_code == 200


async def _until_ready(service: Service) -> None:
    async with asyncio.timeout(60):
        while (await service.client.get("/health/readiness")).status_code != 200:  # noqa: ASYNC110 - polls until the recovery
            await asyncio.sleep(0.05)


async def test_while_the_server_is_stopped_every_call_returns_503_and_recovers_afterwards(
    fragile: Service, breakable: EmbeddedPostgres
) -> None:
    person, pair = await fragile.register_and_log_in()
    breakable.stop()
    try:
        await _all_unavailable(fragile, person, pair)
    finally:
        breakable.start()
    await _until_ready(fragile)
    assert (await fragile.get_me(pair.access)).status_code == 200
    assert (await fragile.post_refresh(pair.refresh)).status_code == 200


async def test_while_the_server_is_frozen_every_call_returns_503_and_recovers_afterwards(
    fragile: Service, breakable: EmbeddedPostgres
) -> None:
    """A rotation waiting in the frozen server must not be executed later, because its retry would count as reuse."""
    person, pair = await fragile.register_and_log_in()
    pairs = [await fragile.log_in(person) for _ in range(REFRESHES)]
    breakable.suspend()
    try:
        refreshes = [asyncio.create_task(fragile.post_refresh(each.refresh)) for each in pairs]
        database = fragile.database
        while database.pool_load().idle:  # noqa: ASYNC110 - the rotations have to be sent before the other calls
            await asyncio.sleep(0)
        # All calls return before the server continues, so the statements sent to it are late.
        await _all_unavailable(fragile, person, pair)
        answers = await asyncio.gather(*refreshes)
    finally:
        breakable.resume()
    assert all(map(_is_unavailable, answers))
    await _until_ready(fragile)
    assert (await fragile.post_token(person.username, PASSWORD)).status_code == 200
    while fragile.sql(STATEMENTS_UNDER_WAY):  # noqa: ASYNC110 - another process is polled
        await asyncio.sleep(0.05)
    retries = await asyncio.gather(*(fragile.post_refresh(each.refresh) for each in pairs))
    assert statuses(retries) == [200] * REFRESHES


async def test_a_restart_of_the_server_between_two_requests_fails_neither(
    make_service: MakeService, breakable: EmbeddedPostgres
) -> None:
    service = await make_service(PARTS, database_url=breakable.url())
    _, pair = await service.register_and_log_in()
    breakable.stop()
    breakable.start()
    answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10


async def test_connections_ended_by_the_operator_fail_no_request(make_service: MakeService) -> None:
    service = await make_service(PARTS)
    _, pair = await service.register_and_log_in()
    await asyncio.gather(*(service.get_me(pair.access) for _ in range(20)))
    # With a timeout, PostgreSQL waits until each backend has ended.
    ended = service.sql(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'doorward'"
    )
    assert len(ended) >= 1
    answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20


async def test_a_database_that_does_not_exist_returns_503(
    make_service: MakeService, breakable: EmbeddedPostgres
) -> None:
    service = await make_service(database_url=breakable.url("no_such_database"))
    answer = await service.client.get("/health/readiness")
    assert _is_unavailable(answer)
    assert answer.json()["checks"] == {"database": "failed"}
    assert _is_unavailable(await service.post_token("ada", PASSWORD))


async def test_a_database_without_tables_returns_503_until_it_is_migrated(
    make_service: MakeService, empty_database: str, logs: Logs
) -> None:
    service = await make_service(database_url=empty_database)
    readiness = await service.client.get("/health/readiness")
    assert _is_unavailable(readiness)
    assert readiness.json()["checks"] == {"database": "ok", "schema": "failed", "writes": "ok"}
    assert _is_unavailable(await service.post_token("ada", PASSWORD))
    assert "database.schema_missing" in logs.text()
    migrate(empty_database)
    assert (await service.client.get("/health/readiness")).status_code == 200
    await service.register_and_log_in()


async def test_a_version_table_without_version_is_not_ready(make_service: MakeService, own_database: str) -> None:
    service = await make_service(database_url=own_database)
    service.sql("DELETE FROM doorward_schema_version")
    assert _is_unavailable(await service.client.get("/health/readiness"))


async def test_an_older_schema_is_not_ready_and_a_newer_one_is(make_service: MakeService, own_database: str) -> None:
    service = await make_service(database_url=own_database)
    for version, status, schema in (("0000", 503, "failed"), ("9999", 200, "ok")):
        service.sql("UPDATE doorward_schema_version SET version_num = %s", version)
        answer = await service.client.get("/health/readiness")
        assert (answer.status_code, answer.json()["checks"]) == (
            status,
            {"database": "ok", "schema": schema, "writes": "ok"},
        )


async def test_a_read_only_database_returns_503_for_writes_and_answers_reads(
    make_service: MakeService, own_database: str
) -> None:
    before = await make_service(database_url=own_database)
    person, pair = await before.register_and_log_in()
    name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(own_database)["dbname"]))
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    service = await make_service(database_url=own_database)
    calls = _calls(service, person, pair)
    answers = {name: await service.client.send(request) for name, request in calls.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "register": 503,
        "token": 503,
        "me": 200,
        "items": 200,
        "item": 503,
        "import": 503,
        "refresh": 503,
        "revoke": 503,
        "readiness": 503,
    }
    assert _is_unavailable(answers["refresh"])


@asynccontextmanager
async def _held(service: Service, statement: str) -> AsyncIterator[None]:
    """Hold the locks of a statement in the context, like a forgotten session of an operator."""
    async with await psycopg.AsyncConnection.connect(service.database_url) as connection:
        await connection.execute(statement.encode())
        yield
        await connection.rollback()


async def test_a_locked_row_returns_503_and_the_token_stays_valid(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS), _held(service, "LOCK TABLE sessions IN EXCLUSIVE MODE"):
        assert _is_unavailable(await service.post_refresh(pair.refresh))
        assert _is_unavailable(await service.post_revoke(pair.refresh))
    assert (await service.post_refresh(pair.refresh)).status_code == 200


async def test_an_exhausted_pool_returns_503_until_a_connection_is_free(make_service: MakeService) -> None:
    service = await make_service(db_pool_max_conn=2)
    _, pair = await service.register_and_log_in()
    async with asyncio.timeout(BOUND_SECONDS), AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(service.database.connection())
        assert _is_unavailable(await service.get_me(pair.access))
    assert (await service.get_me(pair.access)).status_code == 200


async def test_a_connection_attempt_that_times_out_leaves_no_open_socket() -> None:
    """When the server continues, it would accept the connection, and the service would exceed its pool size."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        gc.disable()
        try:
            with pytest.raises(psycopg.OperationalError):
                await PromptlyClosedConnection.connect(f"host=127.0.0.1 port={port} connect_timeout=2")
            accepted, _ = silent.accept()
            with accepted:
                accepted.settimeout(BOUND_SECONDS)
                while accepted.recv(1024):
                    pass
        finally:
            gc.enable()


async def test_a_fault_is_logged_with_the_id_of_its_request(service: Service, logs: Logs) -> None:
    _, pair = await service.register_and_log_in()
    async with _held(service, "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"):
        answer = await service.post_revoke(pair.refresh)
    (line,) = [line for line in logs.lines() if line["event"] == "database.unavailable"]
    assert (line["level"], line["correlation_id"]) == ("warning", answer.headers["x-correlation-id"])


async def test_a_reuse_that_cannot_be_stored_returns_503_and_is_detected_later(service: Service) -> None:
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    async with _held(service, "LOCK TABLE sessions IN EXCLUSIVE MODE"):
        assert _is_unavailable(await service.post_refresh(first.refresh))
    assert (await service.post_refresh(first.refresh)).status_code == 401
    assert (await service.post_refresh(second.refresh)).status_code == 401
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_the_timeouts_are_set_on_each_connection(service: Service) -> None:
    settings = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    async with service.database.connection() as connection:
        rows = [await (await connection.execute(f"SHOW {name}".encode())).fetchone() for name in settings]
    assert [row and row[0] for row in rows] == ["2s", "1500ms", "5s"]


async def test_a_login_of_a_locked_user_row_returns_503(service: Service) -> None:
    """The login waits for a deactivation in progress, so that it cannot begin a session."""
    person = await service.register()
    statement = f"UPDATE users SET is_active = false WHERE id = '{person.id}'"
    async with asyncio.timeout(BOUND_SECONDS), _held(service, statement):
        assert _is_unavailable(await service.post_token(person.username, PASSWORD))
    assert service.sessions_of(person) == []
