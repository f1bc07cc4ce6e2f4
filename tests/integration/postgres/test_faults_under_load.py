"""Faults of PostgreSQL under load: only 503 in time, no lost changes, recovery, no leaked connections.

The rows that these tests print are the fault table of docs/operations/incidents.md.
"""

import contextlib
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from development.postgres import EmbeddedPostgres
from tests.integration.postgres.fault_load import (
    ANSWER_SECONDS,
    DATABASE,
    POOL,
    RECOVERED_SECONDS,
    ROLE,
    Faulty,
    Ledger,
    assert_kept,
    under_load,
    wait_for,
    wait_until,
)
from tests.running_time import RunningTime

FROZEN_SECONDS = 5
"""Long enough for probes to time out, too."""

ENDED_SESSIONS = 8

SMALL_BYTES = 128 * 1024 * 1024
REFUSED = 12
TERMINATED = 60

Fault = Callable[[Faulty, Ledger], None]
"""Causes a fault, waits until calls were refused, and ends the fault."""


def wait_for_refusals(faulty: Faulty, ledger: Ledger, sign: str = "database.unavailable") -> None:
    """Wait until calls were refused, and the service's log contains this error."""
    wait_for(ledger, REFUSED, lambda: ledger.count(503))
    wait_until(ledger, lambda: sign in faulty.log_of_fault())


@pytest.fixture(scope="module")
def clock() -> Iterator[RunningTime]:
    """Run at the lowest priority, because logins and registrations hash passwords."""
    with RunningTime(lowest_priority=True) as running:
        yield running


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, clock: RunningTime) -> Iterator[Faulty]:
    """One service, which must survive all of these faults in turn without a restart."""
    with EmbeddedPostgres(durable=False) as server:
        broken = Faulty(server, clock, tmp_path_factory.mktemp("faulty"))
        with broken.serving():
            yield broken


def restarted(faulty: Faulty, ledger: Ledger) -> None:
    faulty.server.stop()
    wait_for_refusals(faulty, ledger)
    faulty.server.start()


def killed(faulty: Faulty, ledger: Ledger) -> None:
    faulty.server.kill()
    wait_for_refusals(faulty, ledger)
    faulty.server.start()


def frozen(faulty: Faulty, ledger: Ledger) -> None:
    faulty.server.suspend()
    try:
        wait_for_refusals(faulty, ledger, "database.circuit.opened")
        time.sleep(FROZEN_SECONDS)
    finally:
        faulty.server.resume()


def out_of_connections(faulty: Faulty, ledger: Ledger) -> None:
    """All connections are in use: new ones are refused with SQLSTATE 53300."""
    limit = sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}")
    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        admin.execute(limit.format(sql.Identifier(ROLE), sql.Literal(0)))
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [ROLE])
        wait_for_refusals(faulty, ledger, "too many connections")
        admin.execute(limit.format(sql.Identifier(ROLE), sql.Literal(-1)))


def terminated_at_random(faulty: Faulty, ledger: Ledger) -> None:
    ended, refused_before = 0, ledger.count(503)

    def enough_were_ended() -> bool:
        nonlocal ended
        pids = admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [ROLE]).fetchall()
        for pid in random.sample(pids, min(1, len(pids))):
            ended += admin.execute("SELECT pg_terminate_backend(%s)", pid).fetchone() == (True,)
        was_felt = ledger.count(503) > refused_before and "AdminShutdown" in faulty.log_of_fault()
        return was_felt and ended >= TERMINATED

    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        wait_until(ledger, enough_were_ended)


def exhausted_by_slow_statements(faulty: Faulty, ledger: Ledger) -> None:
    """Statements on accounts run until PostgreSQL ends them, which is longer than the timeout of the pool."""
    with psycopg.connect(faulty.server.url(DATABASE), autocommit=True) as admin:
        admin.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); END'")
        admin.execute("CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION dawdle()")
        wait_for_refusals(faulty, ledger, "PoolTimeout")
        admin.execute("DROP FUNCTION dawdle() CASCADE")


def read_only(faulty: Faulty, ledger: Ledger) -> None:
    faulty.admin("ALTER SYSTEM SET default_transaction_read_only = on")
    faulty.admin("SELECT pg_reload_conf()")
    wait_for_refusals(faulty, ledger, "ReadOnlySqlTransaction")
    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        admin.execute("SELECT pg_reload_conf()")


def assert_survives(faulty: Faulty, fault: Fault, findings: list[str]) -> None:
    """Cause a fault under load and end it; the service must recover without a restart.

    The result is a row of ``findings``.
    """
    sockets = faulty.sockets() - faulty.connections()
    with under_load(faulty) as ledger:
        wait_for(ledger, ENDED_SESSIONS, lambda: len(ledger.ended_sessions))
        refused_before = ledger.count(503)
        faulty.begin_fault()
        fault(faulty, ledger)
        returned = faulty.clock.now()
        faulty.wait_until_recovered(RECOVERED_SECONDS)
        wait_for(ledger, ENDED_SESSIONS, lambda: len(ledger.ended_sessions))
    faulty.wait_until_nothing_is_leaked(sockets)
    refused, recovery = ledger.count(503) - refused_before, max(0.0, ledger.last_refusal - returned)
    findings.append(
        f"{fault.__name__:28} {refused:4} of {ledger.calls:4} calls 503, slowest answer {ledger.slowest:.1f} s, "
        f"last 503 {recovery:.1f} s after the end, then {faulty.connections()} of {POOL} connections; "
        f"logged: {', '.join(faulty.errors_of_fault())}"
    )
    assert_kept(faulty, ledger)
    assert ledger.slowest < ANSWER_SECONDS
    assert recovery < RECOVERED_SECONDS


@pytest.mark.parametrize(
    "fault",
    [restarted, killed, frozen, out_of_connections, terminated_at_random, exhausted_by_slow_statements, read_only],
    ids=lambda fault: fault.__name__,
)
def test_under_a_fault_calls_return_503_in_time_and_keep_acknowledged_changes(
    faulty: Faulty, fault: Fault, findings: list[str]
) -> None:
    assert_survives(faulty, fault, findings)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A separate file system to fill. It is not in pytest's folders, because another run resets their modes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system to fill")
    place = Path(tempfile.mkdtemp(prefix="doorward-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES},mode=0777", "tmpfs", str(place)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def fill(place: Path) -> Path:
    """Fill the file system completely; return the file to remove."""
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_of_the_tables_loses_no_acknowledged_change(
    small_disk: Path, tmp_path: Path, clock: RunningTime, findings: list[str]
) -> None:
    def disk_full(faulty: Faulty, ledger: Ledger) -> None:
        ballast = fill(small_disk)
        wait_for_refusals(faulty, ledger, "DiskFull")
        ballast.unlink()

    with EmbeddedPostgres(durable=False) as server:
        folder = small_disk / "tables"
        folder.mkdir()
        server.give_to_system_user(folder)
        broken = Faulty(server, clock, tmp_path, tablespace=folder)
        with broken.serving():
            assert_survives(broken, disk_full, findings)


def test_a_full_disk_of_the_write_ahead_log_loses_no_acknowledged_change(
    small_disk: Path, tmp_path: Path, clock: RunningTime, findings: list[str]
) -> None:
    """PostgreSQL shuts down, and is started again after space was freed."""

    def wal_disk_full(faulty: Faulty, ledger: Ledger) -> None:
        ballast = fill(small_disk)
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                faulty.admin("SELECT pg_switch_wal()")
        wait_for_refusals(faulty, ledger)
        ballast.unlink()
        faulty.server.start()

    # Not on the full disk, where nothing can be written.
    with tempfile.TemporaryDirectory(prefix="doorward-log-") as log_folder:
        log = Path(log_folder) / "server.log"
        server = EmbeddedPostgres(small_disk / "data", durable=False, log=log)
        server.give_to_system_user(log.parent)
        with server:
            broken = Faulty(server, clock, tmp_path)
            with broken.serving():
                assert_survives(broken, wal_disk_full, findings)
                assert "PANIC" in log.read_text(encoding="utf-8")
