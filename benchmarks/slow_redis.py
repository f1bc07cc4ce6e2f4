"""`/me` while refreshes are limited through a Redis slowed by 200 ms, compared with a fast Redis.

Two otherwise equal services are measured in turns: `/me` is called while refreshes, at the same rate for both, wait for
Redis. Prints p50 and p99 of each round, and the medians of their ratios.
"""

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import requests

from benchmarks.processes import CALL_SECONDS, HOST
from benchmarks.service import KeepAlive, Service, running_service
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate

SLOW_PROXY: Final = Path(__file__).with_name("slow_proxy.py")
SLOWED_MS: Final = 200
ROUNDS: Final = 7
SAMPLES: Final = 500
PAUSE_SECONDS: Final = 0.005
CALLERS: Final = 8
CALL_PERIOD_SECONDS: Final = 0.5
"""Period of each caller, regardless of the call's duration, so that both services get the same load."""

PATIENCE_MS: Final = 5000
"""Makes each refresh wait for its Redis; the default timeout is 100 ms."""

START_SECONDS: Final = 60
REFRESH: Final = "/api/v1/auth/refresh"
ME: Final = "/api/v1/auth/me"


@dataclass(frozen=True)
class Side:
    """One of the two services, and its measurements in each round, in milliseconds."""

    delay_ms: int
    service: Service
    token: str
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds: int = parser.parse_args().rounds
    with contextlib.ExitStack() as stack:
        quick, slow = (stack.enter_context(_side(delay)) for delay in (0, SLOWED_MS))
        for number in range(rounds):
            # Each is first in half of the rounds.
            for side in (quick, slow) if number % 2 else (slow, quick):
                _take_turn(side)
            print(
                f"round {number + 1}, at once and slowed: p50 {quick.p50[-1]:.2f} and {slow.p50[-1]:.2f} ms, "
                f"p99 {quick.p99[-1]:.2f} and {slow.p99[-1]:.2f} ms",
                flush=True,
            )
    print(f"/me with Redis slowed by {SLOWED_MS} ms / with Redis at once, median of {rounds} rounds (least to most):")
    print(f"p50 {_ratio(slow.p50, quick.p50)}")
    print(f"p99 {_ratio(slow.p99, quick.p99)}")
    return 0


def _ratio(of_slow: Sequence[float], of_quick: Sequence[float]) -> str:
    ratios = [slow / quick for slow, quick in zip(of_slow, of_quick, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


@contextlib.contextmanager
def _side(delay_ms: int) -> Iterator[Side]:
    """Run a service with its own PostgreSQL and Redis, and a proxy that delays the answers of Redis."""
    with EmbeddedPostgres() as postgres, _slowed_redis(delay_ms) as port:
        migrate(postgres.url())
        settings = {
            "RATE_LIMIT_STORAGE_URI": f"redis://{HOST}:{port}/0",
            "RATE_LIMIT_STORAGE_TIMEOUT_MS": str(PATIENCE_MS),
            "RATE_LIMIT_REFRESH": "1000000/day",
        }
        with running_service(postgres.url(), settings=settings) as service:
            yield Side(delay_ms, service, service.sign_in().access_token)


@contextlib.contextmanager
def _slowed_redis(delay_ms: int) -> Iterator[int]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise RuntimeError("install redis-server or valkey-server")
    redis, proxy = free_port(), free_port()
    slow_proxy = [sys.executable, str(SLOW_PROXY), f"{HOST}:{proxy}", f"{HOST}:{redis}", str(delay_ms)]
    with _listening([program, "--port", str(redis), "--save", ""], redis), _listening(slow_proxy, proxy):
        yield proxy


@contextlib.contextmanager
def _listening(command: Sequence[str], port: int) -> Iterator[None]:
    """Run a program that listens at the port. Raises ``RuntimeError`` if it ends instead."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.05)
            yield
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port)):
        return True
    return False


def _take_turn(side: Side) -> None:
    """Add one round. Raises ``RuntimeError`` when the refreshes did not wait for Redis."""
    done = threading.Event()
    with ThreadPoolExecutor(CALLERS) as threads:
        refreshing = [threads.submit(_refresh_until, done, side.service) for _ in range(CALLERS)]
        try:
            taken = _milliseconds_of_me(side)
        finally:
            done.set()
        waited = [milliseconds for each in refreshing for milliseconds in each.result()]
    if min(waited) < side.delay_ms:
        raise RuntimeError(f"a refresh took {min(waited):.0f} ms: it did not wait for Redis")
    cuts = quantiles(taken, n=100)
    side.p50.append(cuts[49])
    side.p99.append(cuts[98])


def _refresh_until(done: threading.Event, service: Service) -> Sequence[float]:
    """Refresh with an invalid token: the limiter counts it, the database is not queried."""
    taken: list[float] = []
    due = time.monotonic()
    with requests.Session() as session:
        while not done.wait(max(0.0, due - time.monotonic())):
            due += CALL_PERIOD_SECONDS
            began = time.perf_counter()
            answer = session.post(
                f"{service.url}{REFRESH}", json={"refresh_token": "dwr_unknown"}, timeout=CALL_SECONDS
            )
            taken.append((time.perf_counter() - began) * 1000)
            if answer.status_code != HTTPStatus.UNAUTHORIZED:
                raise RuntimeError(f"a refresh was answered {answer.status_code}")
    return taken


def _milliseconds_of_me(side: Side) -> Sequence[float]:
    taken: list[float] = []
    with contextlib.closing(KeepAlive(side.service.port, side.token)) as http:
        for _ in range(SAMPLES):
            began = time.perf_counter()
            status, _ = http.get(ME)
            taken.append((time.perf_counter() - began) * 1000)
            if status != HTTPStatus.OK:
                raise RuntimeError(f"/me was answered {status}")
            time.sleep(PAUSE_SECONDS)
    return taken


if __name__ == "__main__":
    sys.exit(main())
