"""Copies of the service on hosts with different clocks behave alike, because all use PostgreSQL's clock."""

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from doorward.domain.auth.sessions.pruning import Pruning
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.infrastructure.scheduler import TaskRunner
from doorward.settings.config import Settings
from doorward.wiring.application import create_wired_app
from doorward.wiring.background import pruning_task
from doorward.wiring.operations import PruneResult, prune
from doorward.wiring.parts import Parts
from tests.integration.postgres.skewed_host import SkewedHost, running_on
from tests.integration.service import FakeClock, Logs, Service, claims_of, events, is_problem, settings_of_the_ring

LEEWAY_SECONDS = 10
FORTY_DAYS = timedelta(days=40).total_seconds()
STALL_SECONDS = 15
"""The tolerance for a stalled machine, which is less than each difference of the clocks."""

HOSTS = (
    HostClock(),
    SkewedHost(20.0, uptime=5.0),
    SkewedHost(-FORTY_DAYS, uptime=1e7, rate=1.01),
)


@pytest.fixture(scope="module")
def settings(shared_database: str, secret_key: str) -> Settings:
    return settings_of_the_ring(
        shared_database, secret_key, {"refresh_token_reuse_leeway_seconds": LEEWAY_SECONDS, "log_level": "info"}
    )


@pytest.fixture(scope="module")
async def copies(settings: Settings) -> AsyncIterator[list[Service]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running_on(host, settings)) for host in HOSTS]


def database_of(service: Service) -> PostgresDatabase:
    database = service.database
    assert isinstance(database, PostgresDatabase)
    return database


def time_of(service: Service) -> float:
    (row,) = service.sql("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
    return float(row["now"])


async def test_a_used_token_gets_the_same_successor_from_every_copy_within_the_leeway(copies: list[Service]) -> None:
    for first in copies:
        person, pair = await first.register_and_log_in()
        successor = await first.refresh(pair.refresh)
        assert {(await copy.refresh(pair.refresh)).refresh for copy in copies} == {successor.refresh}
        assert first.sessions_of(person)[0]["ended_at"] is None


async def test_the_leeway_ends_at_every_copy_by_postgresqls_clock(copies: list[Service]) -> None:
    for copy in copies:
        person, pair = await copies[0].register_and_log_in()
        await copies[0].refresh(pair.refresh)
        copy.sql(
            "UPDATE sessions SET refreshed_at = clock_timestamp() - %s WHERE user_id = %s",
            timedelta(seconds=LEEWAY_SECONDS + STALL_SECONDS),
            person.id,
        )
        assert is_problem(await copy.post_refresh(pair.refresh), 401, "invalid_refresh_token")
        assert copy.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_access_tokens_have_postgresqls_time_and_are_valid_at_every_copy(
    copies: list[Service],
) -> None:
    for first in copies:
        before = time_of(first)
        _, pair = await first.register_and_log_in()
        claims = claims_of(pair.access)
        assert math.floor(before) - STALL_SECONDS <= claims["iat"] <= time_of(first) + STALL_SECONDS
        assert {(await copy.get_me(pair.access)).status_code for copy in copies} == {200}


async def test_a_session_expires_at_every_copy_by_postgresqls_clock(copies: list[Service]) -> None:
    for copy in copies:
        person, pair = await copies[0].register_and_log_in()
        copy.sql(
            "UPDATE sessions SET expires_at = clock_timestamp() - %s WHERE user_id = %s",
            timedelta(seconds=STALL_SECONDS),
            person.id,
        )
        assert (await copy.get_me(pair.access)).status_code == 401
        assert (await copy.post_refresh(pair.refresh)).status_code == 401


async def test_items_of_all_copies_are_listed_in_the_order_of_creation(copies: list[Service]) -> None:
    _, pair = await copies[0].register_and_log_in()
    bearer = {"Authorization": f"Bearer {pair.access}"}
    for number, copy in enumerate(copies):
        made = await copy.client.post("/api/v1/items", json={"title": str(number)}, headers=bearer)
        assert made.status_code == 201
        copy.sql("SELECT pg_sleep(0.1)")
    listed = await copies[0].client.get("/api/v1/items", params={"sort": "created_at", "owner": "me"}, headers=bearer)
    assert [item["title"] for item in listed.json()["items"]] == ["0", "1", "2"]


async def test_only_a_wrong_clock_is_reported_at_the_start_with_its_difference(settings: Settings, logs: Logs) -> None:
    for host in HOSTS:
        async with running_on(host, settings) as service:
            assert database_of(service).clock.difference() is not None
    seconds = [line["seconds"] for line in events(logs, "clock.differs")]
    assert [round(each / STALL_SECONDS) for each in seconds] == [
        round(each / STALL_SECONDS) for each in (20.0, -FORTY_DAYS)
    ]


async def test_a_host_forty_days_ahead_deletes_no_live_session(own_database: str, secret_key: str) -> None:
    settings = settings_of_the_ring(own_database, secret_key, {})
    async with running_on(HostClock(), settings) as right, running_on(SkewedHost(FORTY_DAYS), settings) as ahead:
        person, pair = await right.register_and_log_in()
        await right.register_and_log_in()
        right.sql("UPDATE sessions SET expires_at = now() - interval '31 days' WHERE user_id <> %s", person.id)
        database = database_of(ahead)
        # Bypasses the check of the difference; the time of the deletion is PostgreSQL's.
        assert await Pruning(database=database, clock=database.clock, retention=timedelta(days=30)).prune() == 1
        assert (await right.get_me(pair.access)).status_code == 200


@pytest.mark.parametrize("ahead", [FORTY_DAYS, -FORTY_DAYS])
async def test_nothing_is_pruned_while_the_clocks_differ_by_more_than_a_minute(
    own_database: str, secret_key: str, ahead: float
) -> None:
    settings = settings_of_the_ring(own_database, secret_key, {})
    async with running_on(SkewedHost(ahead), settings) as service:
        await service.register_and_log_in()
        service.sql("UPDATE sessions SET expires_at = now() - interval '31 days'")
        task = pruning_task(settings.background, database_of(service), database_of(service).clock)
        with pytest.raises(ClocksDifferError):
            await TaskRunner(session_conninfo(settings.database), task).run(only_if_due=True)
        with pytest.raises(ClocksDifferError):
            await prune(settings, SkewedHost(ahead))
        assert len(service.sql("SELECT id FROM sessions")) == 1
        # A refused run does not count, so a copy on a host with a right clock prunes.
        assert await prune(settings) == PruneResult(1, [])


async def test_without_postgresqls_time_a_call_with_a_token_returns_503(
    settings: Settings, secret_key: str, copies: list[Service]
) -> None:
    _, pair = await copies[0].register_and_log_in()
    unreachable = settings_of_the_ring("postgresql://ada@127.0.0.1:1/doorward", secret_key, {})
    # Not started, because the start would wait for a connection.
    service = Service(create_wired_app(unreachable, Parts(host=SkewedHost(FORTY_DAYS))), settings, FakeClock())
    async with service.client:
        assert is_problem(await service.get_me(pair.access), 503, "service_unavailable")
