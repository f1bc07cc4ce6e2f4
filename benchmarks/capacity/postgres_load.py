"""PostgreSQL under load: its CPU time, its busy connections, and the latency of a call."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean, quantiles
from typing import Final

import psycopg

from benchmarks.processes import processor_seconds
from benchmarks.service import KeepAlive

PAUSE_SECONDS: Final = 0.02
PAUSE_OF_CALLS_SECONDS: Final = 0.03
HUNDREDTHS: Final = 100


@dataclass
class PostgresLoad:
    """The measurements within a block."""

    seconds: float = 0.0
    database_seconds: float = 0.0
    """CPU time of all processes of PostgreSQL."""
    wal_bytes: float = 0.0
    busy_connections: list[int] = field(default_factory=list)
    call_seconds: list[float] = field(default_factory=list)

    @property
    def mean_busy_connections(self) -> float:
        """Return the mean number of the service's connections in a statement or a transaction."""
        return fmean(self.busy_connections)

    def call_ms(self, percentile: int) -> float:
        """Return the latency percentile of the calls in milliseconds."""
        return quantiles(self.call_seconds, n=HUNDREDTHS)[percentile - 1] * 1000


@contextlib.contextmanager
def measuring_postgres(database_url: str, http: KeepAlive, target: str) -> Iterator[PostgresLoad]:
    """Measure within the block. ``http`` calls ``target`` meanwhile, some thirty times a second."""
    load, is_over = PostgresLoad(), threading.Event()
    with psycopg.connect(database_url, autocommit=True) as connection:
        threads = [
            threading.Thread(target=_count_connections, args=(connection, load, is_over), daemon=True),
            threading.Thread(target=_time_calls, args=(http, target, load, is_over), daemon=True),
        ]
        before, wal, began = _database_seconds(database_url), _wal_bytes(database_url), time.monotonic()
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load.seconds = time.monotonic() - began
            is_over.set()
            for thread in threads:
                thread.join()
        after = _database_seconds(database_url)
        load.wal_bytes = _wal_bytes(database_url) - wal
    load.database_seconds = sum(after[pid] - seconds for pid, seconds in before.items() if pid in after)


def _database_seconds(database_url: str) -> dict[int, float]:
    """Return the CPU time of each process of PostgreSQL, except those of this module's own connections."""
    with psycopg.connect(database_url, application_name="watching") as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name <> 'watching'").fetchall()
    return {pid: processor_seconds(pid) for (pid,) in rows}


def _wal_bytes(database_url: str) -> float:
    """Return the bytes that PostgreSQL has written to its write-ahead log so far."""
    with psycopg.connect(database_url, application_name="watching") as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
    return float(row[0]) if row else 0.0


def _count_connections(
    connection: psycopg.Connection[tuple[int]], load: PostgresLoad, is_over: threading.Event
) -> None:
    while not is_over.wait(PAUSE_SECONDS):
        row = connection.execute(
            """
            SELECT count(*)
            FROM pg_stat_activity
            WHERE datname = current_database()
              AND pid <> pg_backend_pid()
              AND state <> 'idle'
            """
        ).fetchone()
        if row:
            load.busy_connections.append(row[0])


def _time_calls(http: KeepAlive, target: str, load: PostgresLoad, is_over: threading.Event) -> None:
    while not is_over.wait(PAUSE_OF_CALLS_SECONDS):
        began = time.perf_counter()
        status, _ = http.get(target)
        if status != 200:  # noqa: PLR2004 - an HTTP status
            raise RuntimeError(f"{target} was answered {status}")
        load.call_seconds.append(time.perf_counter() - began)
