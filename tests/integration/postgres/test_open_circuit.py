"""The circuit breaker in the service: faults that open it, events that do not, and how it closes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import psycopg
import pytest

from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.circuit_breaker import FAULTS_IN_A_ROW
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection, aborted_when_frozen
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from tests.integration.service import PARTS, Logs, MakeService, Service

RECOVERED_SECONDS = 30
CALLS = 3 * FAULTS_IN_A_ROW
STILL_SECONDS = 3.0
"""The time of the stall, during which the server responds."""


@pytest.fixture
def limits_of_time() -> Timeouts:
    """The timeouts of production, because these tests let calls reach them."""
    return TIMEOUTS


@pytest.fixture
async def stoppable(make_service: MakeService) -> AsyncIterator[tuple[Service, EmbeddedPostgres]]:
    with EmbeddedPostgres(durable=False) as server:
        migrate(server.url())
        yield await make_service(database_url=server.url()), server


def _events(logs: Logs) -> list[str]:
    return [line["event"] for line in logs.lines() if line["event"].startswith("database.circuit.")]


async def test_after_consecutive_faults_calls_fail_without_a_query_until_a_probe_succeeds(
    stoppable: tuple[Service, EmbeddedPostgres], logs: Logs
) -> None:
    service, server = stoppable
    _, pair = await service.register_and_log_in()
    server.stop()
    await asyncio.gather(*(service.post_revoke(pair.refresh) for _ in range(CALLS)))
    assert _events(logs) == ["database.circuit.opened"]
    # Refused at once, except for a probe every two seconds.
    before = service.connections_asked_for()
    answers = await asyncio.gather(*(service.post_revoke(pair.refresh) for _ in range(CALLS)))
    assert service.connections_asked_for() - before < FAULTS_IN_A_ROW
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} <= {"1", "2"}
    readiness = await service.client.get("/health/readiness")
    assert (readiness.status_code, readiness.json()["checks"]) == (503, {"database": "failed"})
    server.start()
    async with asyncio.timeout(RECOVERED_SECONDS):
        while (await service.post_revoke(pair.refresh)).status_code != 204:  # noqa: ASYNC110 - polls until the recovery
            await asyncio.sleep(0.05)
    assert _events(logs)[-1] == "database.circuit.closed"
    answers = await asyncio.gather(*(service.post_revoke(pair.refresh) for _ in range(CALLS)))
    assert {answer.status_code for answer in answers} == {204}


async def test_readiness_calls_close_the_circuit_without_other_requests(
    stoppable: tuple[Service, EmbeddedPostgres], logs: Logs
) -> None:
    service, server = stoppable
    server.stop()
    while not _events(logs):
        assert (await service.client.get("/health/readiness")).status_code == 503
    server.start()
    async with asyncio.timeout(RECOVERED_SECONDS):
        while (await service.client.get("/health/readiness")).status_code != 200:  # noqa: ASYNC110 - polls until the recovery
            await asyncio.sleep(0.05)
    assert _events(logs)[-1] == "database.circuit.closed"


async def test_a_busy_pool_does_not_open_the_circuit(make_service: MakeService, logs: Logs) -> None:
    service = await make_service(db_pool_max_conn=2)
    _, pair = await service.register_and_log_in()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(service.database.connection())
        answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(CALLS)))
    assert {answer.status_code for answer in answers} == {503}
    assert (await service.get_me(pair.access)).status_code == 200
    assert _events(logs) == []


async def test_a_stalled_process_does_not_open_the_circuit(make_service: MakeService, logs: Logs) -> None:
    """On an overloaded machine, waits time out although PostgreSQL works and the pool has free connections."""
    service = await make_service(replace(PARTS, timeouts=replace(TIMEOUTS, connect=60)), db_pool_max_conn=10)
    _, pair = await service.register_and_log_in()
    calls = [asyncio.create_task(service.post_revoke(pair.refresh)) for _ in range(100)]
    while service.connections_asked_for() < len(calls) / 2:  # noqa: ASYNC110 - one turn of the loop
        await asyncio.sleep(0)
    time.sleep(TIMEOUTS.pool_wait)  # noqa: ASYNC251 - the loop has to be blocked
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {204, 503}
    assert (await service.post_revoke(pair.refresh)).status_code == 204
    assert _events(logs) == []


async def test_a_result_that_a_stalled_process_reads_late_is_no_timeout(shared_database: str) -> None:
    async with await PromptlyClosedConnection.connect(shared_database) as connection:
        with aborted_when_frozen(connection, STILL_SECONDS):
            asked = asyncio.create_task(connection.execute("SELECT 1"))
            await asyncio.sleep(0)
            time.sleep(STILL_SECONDS)  # noqa: ASYNC251 - the loop has to be blocked
            assert await (await asked).fetchone() == (1,)


async def test_statement_timeouts_do_not_open_the_circuit(service: Service, logs: Logs) -> None:
    _, pair = await service.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(CALLS)))
        assert {answer.status_code for answer in answers} == {503}
        assert (await service.client.get("/health/readiness")).status_code == 200
    assert (await service.get_me(pair.access)).status_code == 200
    assert _events(logs) == []
