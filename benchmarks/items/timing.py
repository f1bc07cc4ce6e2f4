"""Durations of calls and their queries, measured in turns, so that a busy moment of the machine affects all of them."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from statistics import median
from typing import Any, Final, Protocol

from psycopg import AsyncConnection

from benchmarks.items.calls import Call
from benchmarks.service import KeepAlive, Service

CALLS: Final = 50
MINIMUM_CALLS: Final = 3
TURN_SECONDS: Final = 1.0
"""Time after which a turn ends with fewer calls."""


class Site(Protocol):
    """A database of a given size with a service. ``connection`` is the benchmark's own."""

    @property
    def size(self) -> int:
        """Return the number of rows."""
        ...

    @property
    def service(self) -> Service:
        """Return the service."""
        ...

    @property
    def calls(self) -> Sequence[Call]:
        """Return the measured calls."""
        ...

    @property
    def http(self) -> KeepAlive:
        """Return the HTTP client."""
        ...

    @property
    def connection(self) -> AsyncConnection[Any]:
        """Return the connection for the queries alone."""
        ...


@dataclass
class Times:
    """The median milliseconds of each round of one call at one size."""

    queries_ms: list[float] = field(default_factory=list)
    call_ms: list[float] = field(default_factory=list)
    worker_ms: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def queries(self) -> float:
        """Return the median of the rounds for the queries alone."""
        return median(self.queries_ms) if self.queries_ms else 0.0

    @property
    def call(self) -> float:
        """Return the median of the rounds for the HTTP call."""
        return median(self.call_ms)

    @property
    def worker(self) -> float:
        """Return the median of the rounds for the CPU time of the worker's event loop."""
        return median(self.worker_ms)


Measured = Mapping[tuple[str, int], Times]
"""Times by the name of the call and the size."""


async def measure(sites: Sequence[Site], rounds: int) -> Measured:
    """Time all calls at all sizes in several rounds."""
    times = {(call.name, site.size): Times() for site in sites for call in site.calls}
    for _ in range(rounds):
        for calls in zip(*(site.calls for site in sites), strict=True):
            for site, call in zip(sites, calls, strict=True):
                await _take_turn(site, call, times[call.name, site.size])
    return times


async def _take_turn(site: Site, call: Call, times: Times) -> None:
    queries = call.queries
    if queries is not None:
        times.queries_ms.append(await _median_ms(lambda: queries(site.connection)))

    answers = 0

    async def over_http() -> None:
        nonlocal answers
        status, _ = site.http.get(call.target)
        times.refused += status != HTTPStatus.OK
        answers += 1

    site.http.reconnect()
    worked = site.service.processor_ms()
    times.call_ms.append(await _median_ms(over_http))
    times.worker_ms.append((site.service.processor_ms() - worked) / answers)


async def _median_ms(once: Callable[[], Awaitable[object]]) -> float:
    await once()
    taken: list[float] = []
    end = time.perf_counter() + TURN_SECONDS
    while len(taken) < MINIMUM_CALLS or (len(taken) < CALLS and time.perf_counter() < end):
        started = time.perf_counter()
        await once()
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)
