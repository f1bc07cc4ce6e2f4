"""A planned switchover under load: the standby is promoted, and the address is switched later.

The printed timeline is the one of docs/switchover.md.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from development.client import READINESS, new_person
from development.postgres import EmbeddedPostgres
from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.advisory_lock import AdvisoryLock
from doorward.infrastructure.postgres.database import PostgresDatabase, with_session_options
from doorward.infrastructure.scheduler import Task, TaskRunner
from doorward.wiring.database import running_database
from tests.integration.postgres.fault_load import (
    ANSWER_SECONDS,
    DATABASE,
    POOL,
    ROLE,
    THREADS,
    Faulty,
    Ledger,
    assert_kept,
    under_load,
    wait_for,
    wait_until,
)
from tests.integration.postgres.read_only import set_read_only
from tests.integration.postgres.switched_address import SwitchedAddress
from tests.integration.service import Logs, MakeService, Service, events, settings_of_the_ring
from tests.running_time import RunningTime

WRITABLE_SECONDS = 5.0
"""The time from the switch of the address to the last refused write."""

MOVES_AFTER_SECONDS = 2.0
ENDED_SESSIONS = 8
REFUSED = 12
HANGS_AFTER_SECONDS = 60


class Switched(Faulty):
    """A service that connects to PostgreSQL by a switchable address."""

    def __init__(self, server: EmbeddedPostgres, clock: RunningTime, folder: Path, address: SwitchedAddress) -> None:
        self.address = address
        super().__init__(server, clock, folder)

    @property
    def url(self) -> str:
        return self.address.url(ROLE, DATABASE)

    def readiness(self) -> tuple[int, dict[str, str]]:
        answer = httpx.get(f"{self.base_url}{READINESS}", timeout=60, trust_env=False)
        return answer.status_code, answer.json()["checks"]


@pytest.fixture
def switched(tmp_path: Path) -> Iterator[Switched]:
    with (
        RunningTime(lowest_priority=True) as clock,
        EmbeddedPostgres(durable=False) as primary,
        SwitchedAddress(primary.socket_path) as address,
    ):
        service = Switched(primary, clock, tmp_path, address)
        with service.serving():
            yield service


class Timeline:
    """The events with their times since the primary was stopped."""

    def __init__(self, clock: RunningTime) -> None:
        self._clock = clock
        self._began = clock.now()
        self._moments: list[tuple[float, str]] = []

    def note(self, what: str, moment: float | None = None) -> float:
        moment = self._clock.now() if moment is None else moment
        self._moments.append((moment - self._began, what))
        return moment

    def lines(self) -> list[str]:
        return [f"switchover, {moment:5.1f} s: {what}" for moment, what in sorted(self._moments)]


def writes(ledger: Ledger) -> int:
    return len(ledger.ended_sessions)


def backends(server: EmbeddedPostgres) -> set[object]:
    with psycopg.connect(server.url(DATABASE), autocommit=True) as admin:
        return {row[0] for row in admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [ROLE])}


def demote(switched: Switched, new: EmbeddedPostgres, timeline: Timeline) -> None:
    """Promote the standby, and restart the old primary as a standby at the same address."""
    old = switched.server
    # After a clean shutdown the standby has received all commits.
    old.stop()
    timeline.note("the primary has stopped")
    new.promote()
    switched.server = new
    timeline.note("the standby is promoted")
    old.start_as_standby_of(new)
    timeline.note("the old primary is back, as a standby, and still has the address")


def wait_for_refused_writes(switched: Switched, old: EmbeddedPostgres, ledger: Ledger, timeline: Timeline) -> None:
    """Wait until the service has noticed: each refused write closes its connection, so none of the old ones is left."""
    wait_until(ledger, lambda: "ReadOnlySqlTransaction" in switched.log_of_fault())
    timeline.note("the first write was refused by it (25006)")
    before = backends(old)
    wait_for(ledger, REFUSED, lambda: ledger.count(503))
    wait_until(ledger, lambda: not before & backends(old))
    assert switched.readiness() == (503, {"database": "ok", "schema": "ok", "writes": "failed"})
    timeline.note("readiness is 503")
    time.sleep(MOVES_AFTER_SECONDS)


def test_writes_recover_within_seconds_of_the_switch_and_keep_acknowledged_changes(
    switched: Switched, findings: list[str]
) -> None:
    old = switched.server
    with EmbeddedPostgres(durable=False, standby_of=old) as new:
        with under_load(switched) as ledger:
            wait_for(ledger, ENDED_SESSIONS, lambda: writes(ledger))
            switched.begin_fault()
            timeline = Timeline(switched.clock)
            demote(switched, new, timeline)
            wait_for_refused_writes(switched, old, ledger, timeline)
            moved = timeline.note("the address moves")
            refused_before, written_before = ledger.count(503), writes(ledger)
            switched.address.lead_to(new.socket_path)
            wait_until(ledger, lambda: writes(ledger) > written_before)
            timeline.note("a person who came after the move has registered, logged in, refreshed and logged out")
            while switched.readiness()[0] != 200:
                time.sleep(0.05)
            timeline.note("readiness is 200")
            wait_for(ledger, ENDED_SESSIONS, lambda: writes(ledger))
            wait_until(ledger, lambda: not backends(old))
        refused_after = ledger.count(503) - refused_before
        last_refusal = max(moved, ledger.last_refusal)
        timeline.note(f"the last of {refused_after} calls that were refused after the move", last_refusal)
        findings.extend(timeline.lines())
        assert last_refusal - moved < WRITABLE_SECONDS
        # The calls in progress, and one for each connection made before the switch.
        assert refused_after <= THREADS + POOL
        assert ledger.slowest < ANSWER_SECONDS
        assert_kept(switched, ledger)
        assert_found_by_several_hosts(old, new)


def assert_found_by_several_hosts(standby: EmbeddedPostgres, primary: EmbeddedPostgres) -> None:
    """A DATABASE_URL with both hosts leads to the one that accepts writes."""
    hosts = ",".join(str(each.socket_path.parent) for each in (standby, primary))
    with psycopg.connect(host=hosts, user=ROLE, dbname=DATABASE, target_session_attrs="read-write") as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


async def test_a_connection_to_a_read_only_server_is_replaced_after_the_first_refusal(
    make_service: MakeService, own_database: str, logs: Logs
) -> None:
    """A session keeps its initial settings, so only a new connection sees that the database accepts writes."""
    set_read_only(own_database, value=True)
    service = await make_service(database_url=own_database, db_pool_max_conn=1)
    assert (await service.client.get(READINESS)).json()["checks"]["writes"] == "failed"
    # Readiness has closed its connection; the next one, too, must be opened before the database accepts writes.
    async with service.database.connection() as connection:
        assert connection.was_read_only
        set_read_only(own_database, value=False)
    first, *others = [await attempt(service) for _ in range(4)]
    assert others == [201, 201, 201]
    assert first in {503, 201}, "readiness opens new connections and may have detected it before"
    assert (await service.client.get(READINESS)).status_code == 200
    assert [len(events(logs, f"database.{name}")) for name in ("read_only", "writable")] == [1, 1]


async def test_reading_connections_are_replaced_when_another_server_takes_over(
    make_service: MakeService, own_database: str
) -> None:
    """On a lagging standby, an ended session would still be valid."""
    set_read_only(own_database, value=True)
    service = await make_service(database_url=own_database, db_pool_max_conn=3, db_pool_min_conn=3)
    before = await backends_of_pool(service, 3)
    set_read_only(own_database, value=False)
    assert await attempt(service) in {503, 201}, "the same holds here"
    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        while before & await backends_of_pool(service, 3):  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.05)
    assert await attempt(service) == 201


async def test_readiness_reconnects_to_the_writable_server_without_other_calls(
    make_service: MakeService, own_database: str
) -> None:
    set_read_only(own_database, value=True)
    service = await make_service(database_url=own_database, db_pool_max_conn=2, db_pool_min_conn=2)
    assert (await service.client.get(READINESS)).status_code == 503
    before = await backends_of_pool(service, 2)
    set_read_only(own_database, value=False)
    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        while (await service.client.get(READINESS)).status_code != 200:  # noqa: ASYNC110 - polls until the recovery
            await asyncio.sleep(0.05)
        while before & await backends_of_pool(service, 2):  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.05)
    assert await attempt(service) == 201


async def backends_of_pool(service: Service, size: int) -> set[int]:
    """Return the ids of the server processes of the pool's connections."""
    async with contextlib.AsyncExitStack() as held:
        used = [await held.enter_async_context(service.database.connection()) for _ in range(size)]
        return {connection.info.backend_pid for connection in used}


async def test_no_advisory_lock_is_taken_at_a_read_only_server(own_database: str) -> None:
    """A lock at a standby does not exclude processes that use the primary."""
    lock = AdvisoryLock(with_session_options(own_database), "test")
    async with lock.held() as check:
        assert check is not None
    set_read_only(own_database, value=True)
    with pytest.raises(ServiceUnavailableError):
        async with lock.held():
            pass


async def test_no_background_task_runs_at_a_read_only_server(own_database: str) -> None:
    """A task that only seems to run elsewhere would be reported as done by ``doorward prune``."""

    async def work() -> int:
        raise AssertionError

    set_read_only(own_database, value=True)
    with pytest.raises(ServiceUnavailableError):
        await TaskRunner(with_session_options(own_database), Task("test", timedelta(hours=1), work)).run(
            only_if_due=False
        )


async def attempt(service: Service) -> int:
    """Register a new person; return the status."""
    return (await service.post_account(new_person())).status_code


async def test_the_comparison_of_clocks_closes_connections_to_a_read_only_server(
    own_database: str, secret_key: str
) -> None:
    """Without writes and readiness calls, nothing else closes them."""
    set_read_only(own_database, value=True)
    database = PostgresDatabase(settings_of_the_ring(own_database, secret_key, {"db_pool_max_conn": 1}).database)
    async with running_database(database):
        async with database.connection() as connection:
            assert connection.was_read_only
        set_read_only(own_database, value=False)
        await database.measure_clock()
        async with database.connection() as connection:
            assert not connection.was_read_only
