"""The metrics of the service, for Prometheus. Imported only if METRICS_PORT is set.

Most are counted from events, whose classes name the counters, so that logs and metrics cannot differ. Every label has
few values, whatever clients send.
"""

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from doorward import __version__
from doorward.core import events
from doorward.core.events import Event
from doorward.core.ports import PoolLoad
from doorward.observability.database_events import DatabaseUnavailable
from doorward.observability.events import (
    BudgetExceeded,
    ConfigInsecure,
    HttpConnectionRefused,
    HttpConnectionsExhausted,
    HttpRequest,
    MetricsNotShared,
    MetricsScrapeFailed,
    OutboxMeasured,
    RateLimitExceeded,
    RateLimitStoreRecovered,
    RateLimitStoreUnavailable,
)
from doorward.observability.http_methods import KNOWN_METHODS

REGISTRY: Final = CollectorRegistry()
SAMPLE_SECONDS: Final = 1.0
"""Interval at which each worker samples its load."""

UNMATCHED: Final = "unmatched"
OTHER: Final = "other"
POOL_FULL: Final = frozenset({"PoolTimeout", "TooManyRequests"})
"""psycopg_pool's exception classes for a request that got no connection in time."""

REQUEST_SECONDS: Final = Histogram(
    "doorward_http_request_duration_seconds",
    "Time from the first byte of a request to the last of its answer",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
HASH_WAIT_SECONDS: Final = Histogram(
    "doorward_password_hash_wait_seconds",
    "Time that a password hash waited for a processor",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8),
    registry=REGISTRY,
)


def _count(name: str, description: str, *labels: str) -> Counter:
    return Counter(name, description, labels, registry=REGISTRY)


def _gauge(name: str, description: str, *labels: str) -> Gauge:
    return Gauge(name, description, labels, registry=REGISTRY)


LIMITER_REFUSALS: Final = _count("doorward_rate_limit_refusals_total", "Calls refused with 429", "route")
HTTP_REFUSALS: Final = _count(
    "doorward_http_refusals_total", "Connections that ended without a request, or were aborted", "reason"
)
BUDGET_REFUSALS: Final = _count(
    "doorward_budget_refusals_total", "Calls refused by the budget of one address or user", "budget"
)
WARNINGS: Final = _count("doorward_warnings_total", "Events of level warning and error, by name", "event")
POOL_TIMEOUTS: Final = _count("doorward_database_pool_timeouts_total", "Calls that got no connection in time")
LOG_LINES_DROPPED: Final = _count(
    "doorward_log_lines_dropped_total", "Log lines lost because their reader was slow or unavailable"
)
HTTP_CONNECTIONS: Final = _gauge("doorward_http_connections", "Open connections from clients")
HTTP_CONNECTIONS_LIMIT: Final = _gauge("doorward_http_connections_limit", "Maximum of open connections from clients")
HASHES_WAITING: Final = _gauge("doorward_password_hash_queue_depth", "Password hashes that wait for a processor")
POOL_CONNECTIONS: Final = _gauge("doorward_database_pool_connections", "Connections to PostgreSQL", "state")
POOL_LIMIT: Final = _gauge("doorward_database_pool_connections_limit", "Maximum of connections to PostgreSQL")
POOL_WAITING: Final = _gauge("doorward_database_pool_waiting", "Calls that wait for a connection")
STORE_UNAVAILABLE: Final = _gauge(
    "doorward_rate_limit_store_away", "Workers that count limits separately, without the store"
)
CLOCK_DIFFERENCE: Final = _gauge(
    "doorward_clock_difference_seconds", "Difference between this host's clock and PostgreSQL's"
)
OUTBOX_DUE: Final = _gauge("doorward_outbox_due", "Messages that are due, up to 10,000")
OUTBOX_OLDEST: Final = _gauge("doorward_outbox_oldest_seconds", "How long the oldest due message has been due")
OUTBOX_DEAD: Final = _gauge("doorward_outbox_dead", "Dead letters, up to 10,000")
OUTBOX_CIRCUITS: Final = _gauge("doorward_outbox_open_circuits", "Processes whose circuit to the mail server is open")
BUILD_INFO: Final = _gauge("doorward_build_info", "1, with the versions", "version", "python")
WORKERS: Final = _gauge("doorward_workers", "Live worker processes")

UNCOUNTED_EVENTS: Final = (ConfigInsecure, MetricsScrapeFailed, MetricsNotShared)
"""Not counted: reported by the process that starts the workers, or by one that cannot share its metrics."""


@cache
def _counter(counter: events.Counter) -> Counter:
    return _count(counter.name, counter.meaning, *([counter.label] if counter.label else []))


def _counters_of(event: type[Event]) -> list[Counter]:
    """Return the counters that each event of a class increments."""
    named = [_counter(counter).labels(value) if value else _counter(counter) for counter, value in event.counted]
    is_warning = event.level in {"warning", "error"} and event not in UNCOUNTED_EVENTS
    return [*named, WARNINGS.labels(event.log_event)] if is_warning else named


class Metrics:
    """The metrics of one worker."""

    def __init__(self, event_classes: Iterable[type[Event]]) -> None:
        """Count this worker as alive, and export the counters of these events from now on, at zero."""
        self._counters = {each: _counters_of(each) for each in event_classes}
        self._requests: dict[tuple[str, str, int], Histogram] = {}
        self._lost_lines = 0
        BUILD_INFO.labels(__version__, platform.python_version()).set(1)
        WORKERS.set(1)

    def count_event(self, event: Event) -> None:
        """Count an event. This is an observer for ``observed_events``."""
        for counter in self._counters.get(type(event), ()):
            counter.inc()
        match event:
            case HttpRequest():
                self._observe_request(event.method, event.route or UNMATCHED, event.status, event.duration_ms)
            case RateLimitStoreUnavailable():
                STORE_UNAVAILABLE.set(1)
            case RateLimitStoreRecovered():
                STORE_UNAVAILABLE.set(0)
            case DatabaseUnavailable() if event.error in POOL_FULL:
                POOL_TIMEOUTS.inc()
            case OutboxMeasured():
                OUTBOX_DUE.set(event.due)
                OUTBOX_OLDEST.set(event.oldest_seconds)
                OUTBOX_DEAD.set(event.dead)
                OUTBOX_CIRCUITS.set(event.open_circuits)
            case _:
                _count_refusal(event)

    def _observe_request(self, method: str, route: str, status: int, milliseconds: float) -> None:
        key = (method if method in KNOWN_METHODS else OTHER, route, status // 100)
        histogram = self._requests.get(key)
        if histogram is None:
            status_class = f"{key[2]}xx" if key[2] else "none"
            histogram = self._requests[key] = REQUEST_SECONDS.labels(key[0], route, status_class)
        histogram.observe(milliseconds / 1000)

    def observe_hash_wait(self, seconds: float) -> None:
        """Record how long a password hash waited for a thread."""
        HASH_WAIT_SECONDS.observe(seconds)

    def set_load(self, pool: PoolLoad, hashes_waiting: int) -> None:
        """Record the current load of the worker."""
        POOL_CONNECTIONS.labels("idle").set(pool.idle)
        POOL_CONNECTIONS.labels("used").set(pool.size - pool.idle)
        POOL_LIMIT.set(pool.limit)
        POOL_WAITING.set(pool.waiting)
        HASHES_WAITING.set(hashes_waiting)

    def count_lost_lines(self, total: int) -> None:
        """Record the total number of log lines that the process has lost."""
        LOG_LINES_DROPPED.inc(max(0, total - self._lost_lines))
        self._lost_lines = total

    def set_clock_difference(self, seconds: float | None) -> None:
        """Record by how much the host's clock is ahead of PostgreSQL's; None while it is unknown."""
        if seconds is not None:
            CLOCK_DIFFERENCE.set(abs(seconds))

    @contextlib.asynccontextmanager
    async def sampled(self, sample: Callable[[], None], interval: float = SAMPLE_SECONDS) -> AsyncIterator[None]:
        """Call ``sample`` at once and then at an interval in seconds, within the block."""

        async def sample_repeatedly() -> None:
            while True:
                sample()
                await asyncio.sleep(interval)

        task = asyncio.create_task(sample_repeatedly())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _count_refusal(event: Event) -> None:
    match event:
        case HttpConnectionRefused() | HttpConnectionsExhausted():
            HTTP_REFUSALS.labels(event.reason).inc(event.count)
        case RateLimitExceeded():
            LIMITER_REFUSALS.labels(event.route).inc()
        case BudgetExceeded():
            BUDGET_REFUSALS.labels(event.budget).inc(event.refused)
