"""Logins: only a few per second because of the password hash, so threads of this process make them."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from benchmarks.load import post
from benchmarks.processes import HOST, Running
from benchmarks.samples import Sample
from doorward.infrastructure.passwords import available_cores

LOGIN_SECONDS: Final = 60
"""Timeout of one login."""


@dataclass(frozen=True)
class LoginCall:
    """A POST request that logs in; its answer contains ``expected``."""

    path: str
    content_type: str
    body: str
    expected: str

    def request(self) -> bytes:
        """Return the request as wrk sends it."""
        return post(self.path, self.content_type, self.body)


@dataclass
class Logins:
    """Logins in progress. ``ended_at`` has the times of successful answers."""

    calls: Iterator[LoginCall]
    port: int
    ended_at: list[float] = field(default_factory=list)
    failed: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def rate(self, begin: float, end: float) -> float:
        """Return the logins per second that were answered between two moments."""
        return rate_of([moment for moment in self.ended_at if begin <= moment <= end], available_cores())

    def work(self) -> None:
        """Log in repeatedly on one connection, until the load is over or no call is left."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=LOGIN_SECONDS)
        while not self.is_over.is_set():
            with self.lock:
                call = next(self.calls, None)
            if call is None:
                break
            if self._succeeds(connection, call):
                self.ended_at.append(time.monotonic())
            else:
                self.failed += 1
                connection.close()
        connection.close()

    def _succeeds(self, connection: http.client.HTTPConnection, call: LoginCall) -> bool:
        try:
            connection.request("POST", call.path, call.body, {"Content-Type": call.content_type})
            answer = connection.getresponse()
            body = answer.read().decode()
        except (http.client.HTTPException, OSError):
            return False
        return answer.status == HTTPStatus.OK and call.expected in body


def rate_of(moments: Sequence[float], at_once: int) -> float:
    """Return the rate per second, where up to ``at_once`` may end together.

    Counted from the first batch on, so that neither its start nor the unfinished last batch is counted.
    """
    ordered = sorted(moments)
    if len(ordered) <= at_once:
        return 0.0
    return (len(ordered) - at_once) / (ordered[-1] - ordered[at_once - 1])


@contextmanager
def logging_in(process: Running, calls: Sequence[LoginCall], in_flight: int) -> Iterator[Logins]:
    """Keep that many logins in progress until the block ends; then wait for the last of them."""
    logins = Logins(itertools.cycle(calls), process.port)
    threads = _begin(logins, in_flight)
    try:
        yield logins
    finally:
        logins.is_over.set()
        for thread in threads:
            thread.join(LOGIN_SECONDS)


def measure_logins(process: Running, calls: Sequence[LoginCall], in_flight: int, count: int) -> Sample:
    """Make that many logins, and measure how long they take."""
    logins = Logins(itertools.islice(itertools.cycle(calls), count), process.port)
    before = process.processor_seconds()
    began = time.monotonic()
    for thread in _begin(logins, in_flight):
        thread.join()
    elapsed = time.monotonic() - began
    busy = tuple((late - early) / elapsed for early, late in zip(before, process.processor_seconds(), strict=True))
    return Sample(len(logins.ended_at) / elapsed, failed=logins.failed, answers=count, busy=busy)


def _begin(logins: Logins, in_flight: int) -> Sequence[threading.Thread]:
    threads = [threading.Thread(target=logins.work, daemon=True) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    return threads
