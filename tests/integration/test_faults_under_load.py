"""Each way in which PostgreSQL fails, under load: only 503, nothing acknowledged lost, well again, nothing leaked."""

import contextlib
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from development.postgres import EmbeddedPostgres
from tests.integration.fault_load import (
    RECOVERED_SECONDS,
    ROLE,
    Faulty,
    Ledger,
    assert_kept,
    under_load,
    wait_for,
)

ANSWER_SECONDS = 30.0
"""Nothing hangs. How soon a quiet machine answers is held in the e2e ring, by a clock that stands while it does."""
"""The requirement's own bound for an answer while the server is frozen."""

FROZEN_SECONDS = 5
"""Long enough for probes that get no answer either."""

SMALL_BYTES = 128 * 1024 * 1024
REFUSED = 30
TERMINATED = 60

Fault = Callable[[Faulty, Ledger], AbstractContextManager[None]]


def refused_some(ledger: Ledger) -> None:
    """Let the fault last until callers have felt it."""
    wait_for(ledger, REFUSED, lambda: ledger.count(503))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """One service, which survives all of these faults, one after the other, without a restart."""
    with EmbeddedPostgres(durable=False) as server:
        broken = Faulty(server, tmp_path_factory.mktemp("faulty"))
        with broken.serving():
            yield broken


@contextlib.contextmanager
def restarted(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    faulty.server.stop()
    refused_some(ledger)
    faulty.server.start()
    yield


@contextlib.contextmanager
def killed(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    faulty.server.kill()
    refused_some(ledger)
    faulty.server.start()
    yield


@contextlib.contextmanager
def frozen(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    faulty.server.freeze()
    try:
        refused_some(ledger)
        time.sleep(FROZEN_SECONDS)
    finally:
        faulty.server.thaw()
    yield


@contextlib.contextmanager
def out_of_connections(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    """Others took them all: SQLSTATE 53300 for whoever connects."""
    limit = sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}")
    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        admin.execute(limit.format(sql.Identifier(ROLE), sql.Literal(0)))
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [ROLE])
        refused_some(ledger)
        admin.execute(limit.format(sql.Identifier(ROLE), sql.Literal(-1)))
    assert "too many connections" in faulty.log()
    yield


@contextlib.contextmanager
def terminated_at_random(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    del ledger
    ended = 0
    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        while ended < TERMINATED:
            pids = admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [ROLE]).fetchall()
            for (pid,) in random.sample(pids, min(1, len(pids))):
                admin.execute("SELECT pg_terminate_backend(%s)", [pid])
                ended += 1
            time.sleep(0.02)
    yield


@contextlib.contextmanager
def exhausted_by_slow_statements(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    """Every connection of the pool waits in a statement for somebody's lock."""
    with psycopg.connect(faulty.server.url("faulty")) as holder:
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        refused_some(ledger)
        holder.rollback()
    yield


@contextlib.contextmanager
def read_only(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
    faulty.admin("ALTER SYSTEM SET default_transaction_read_only = on")
    faulty.admin("SELECT pg_reload_conf()")
    refused_some(ledger)
    with psycopg.connect(faulty.server.url(), autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        admin.execute("SELECT pg_reload_conf()")
    yield


def survive(faulty: Faulty, fault: Fault) -> Ledger:
    """Break PostgreSQL under load and have it well again; the service must be, too, without a restart."""
    with under_load(faulty) as ledger:
        wait_for(ledger, 20, lambda: len(ledger.ended_sessions))
        with fault(faulty, ledger):
            faulty.wait_until_well(RECOVERED_SECONDS)
            wait_for(ledger, 20, lambda: len(ledger.ended_sessions))
    faulty.wait_until_no_connection_is_leaked()
    assert_kept(faulty, ledger)
    return ledger


@pytest.mark.parametrize(
    "fault",
    [restarted, killed, out_of_connections, terminated_at_random, exhausted_by_slow_statements, read_only],
    ids=lambda fault: fault.__name__,
)
def test_under_a_fault_nothing_but_503_is_answered_and_nothing_acknowledged_is_lost(
    faulty: Faulty, fault: Fault
) -> None:
    survive(faulty, fault)


def test_while_postgresql_is_frozen_every_call_answers_in_time_and_nothing_acknowledged_is_lost(faulty: Faulty) -> None:
    assert survive(faulty, frozen).slowest < ANSWER_SECONDS


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system that can be filled without harm. Not in pytest's folders, whose modes another run resets."""
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
    """Leave no byte free; return the file to remove."""
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def test_with_the_disk_of_the_tables_full_nothing_acknowledged_is_lost(small_disk: Path, tmp_path: Path) -> None:
    @contextlib.contextmanager
    def full(_: Faulty, ledger: Ledger) -> Iterator[None]:
        ballast = fill(small_disk)
        refused_some(ledger)
        ballast.unlink()
        yield

    with EmbeddedPostgres(durable=False) as server:
        folder = small_disk / "tables"
        folder.mkdir()
        server.give_to_system_user(folder)
        broken = Faulty(server, tmp_path, tablespace=folder)
        with broken.serving():
            survive(broken, full)
            assert "DiskFull" in broken.log()


def test_with_the_disk_of_the_write_ahead_log_full_nothing_acknowledged_is_lost(
    small_disk: Path, tmp_path: Path
) -> None:
    """PostgreSQL ends itself then, and is started again by whoever made room."""

    @contextlib.contextmanager
    def full(faulty: Faulty, ledger: Ledger) -> Iterator[None]:
        ballast = fill(small_disk)
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                faulty.admin("SELECT pg_switch_wal()")
        refused_some(ledger)
        ballast.unlink()
        faulty.server.start()
        yield

    with EmbeddedPostgres(small_disk / "data", durable=False) as server:
        broken = Faulty(server, tmp_path)
        with broken.serving():
            survive(broken, full)
            assert "PANIC" in (small_disk / "data" / "server.log").read_text(encoding="utf-8")
