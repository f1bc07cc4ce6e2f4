"""The metrics and their labels."""

import asyncio
import sys
from typing import Any
from uuid import UUID

import pytest

from doorward import __version__
from doorward.core.events import Event, event_classes
from doorward.core.ports import PoolLoad
from doorward.domain.auth.events import (
    LoginFailed,
    RefreshRefused,
    RefreshRepeated,
    RefreshRotated,
    RegistrationRefused,
    RevocationIgnored,
    SessionBegun,
    SessionEnded,
    SessionReuseDetected,
    UserRegistered,
)
from doorward.domain.auth.models import EndReason
from doorward.infrastructure.passwords import BcryptHasher
from doorward.observability.database_events import DatabaseUnavailable
from doorward.observability.events import (
    BudgetExceeded,
    HttpConnectionRefused,
    HttpConnectionsExhausted,
    HttpRequest,
    HttpRequestCrashed,
    RateLimitExceeded,
    RateLimitStoreRecovered,
    RateLimitStoreUnavailable,
)
from doorward.observability.metrics import REGISTRY, Metrics


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"doorward_{name}", labels) or 0.0


class Counted:
    """The growth of a series since the object was created."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._before = value(name, **labels)

    @property
    def growth(self) -> float:
        return value(self._name, **self._labels) - self._before


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(event_classes())


def request(**changes: Any) -> HttpRequest:
    return HttpRequest(**{"method": "GET", "route": "/x", "status": 200, "duration_ms": 12.0, **changes})


A_CLIENT = {"user_id": UUID(int=7), "session_id": UUID(int=7)}


@pytest.mark.parametrize(
    ("event", "counter", "labels"),
    [
        (SessionBegun(**A_CLIENT), "logins_total", {"outcome": "succeeded"}),
        (LoginFailed(reason="wrong_password"), "logins_total", {"outcome": "failed"}),
        (RefreshRotated(), "refreshes_total", {"outcome": "rotated"}),
        (RefreshRepeated(), "refreshes_total", {"outcome": "repeated"}),
        (RefreshRefused(reason="malformed"), "refreshes_total", {"outcome": "refused"}),
        (SessionReuseDetected(**A_CLIENT), "refreshes_total", {"outcome": "reused"}),
        (SessionReuseDetected(**A_CLIENT), "refresh_reuse_detections_total", {}),
        (SessionReuseDetected(**A_CLIENT), "warnings_total", {"event": "auth.refresh.reuse_detected"}),
        (SessionEnded(**A_CLIENT, reason=EndReason.LOGOUT), "revocations_total", {"outcome": "revoked"}),
        (RevocationIgnored(reason="not_live"), "revocations_total", {"outcome": "ignored"}),
        (UserRegistered(user_id=UUID(int=7)), "registrations_total", {"outcome": "registered"}),
        (RegistrationRefused(reason="email_taken"), "registrations_total", {"outcome": "refused"}),
        (RateLimitExceeded(route="/x"), "rate_limit_refusals_total", {"route": "/x"}),
        (HttpRequestCrashed(), "warnings_total", {"event": "http.request.crashed"}),
        (DatabaseUnavailable(error="PoolTimeout", sqlstate=None), "database_pool_timeouts_total", {}),
    ],
    ids=str,
)
def test_an_event_is_counted_once(metrics: Metrics, event: Event, counter: str, labels: dict[str, str]) -> None:
    counted = Counted(counter, **labels)
    metrics.count_event(event)
    assert counted.growth == 1


def test_each_counter_of_an_event_is_exported_from_the_start(metrics: Metrics) -> None:
    del metrics
    named = {counter.name.removesuffix("_total") for event in event_classes() for counter, _ in event.counted}
    assert len(named) > 3
    assert named <= {family.name for family in REGISTRY.collect()}


def test_a_store_of_limits_is_unavailable_until_it_recovers(metrics: Metrics) -> None:
    metrics.count_event(RateLimitStoreUnavailable(error="TimeoutError"))
    assert value("rate_limit_store_away") == 1
    metrics.count_event(RateLimitStoreRecovered())
    assert value("rate_limit_store_away") == 0


@pytest.mark.parametrize(
    "event",
    [
        HttpConnectionRefused(reason="invalid_host", count=7, peer="192.0.2.1"),
        HttpConnectionsExhausted(limit=8, reason="invalid_host", count=7, peer="192.0.2.1"),
    ],
    ids=str,
)
def test_refused_connections_are_counted_by_reason_with_the_count_of_the_event(metrics: Metrics, event: Event) -> None:
    counted = Counted("http_refusals_total", reason="invalid_host")
    metrics.count_event(event)
    assert counted.growth == 7


def test_only_a_full_pool_counts_as_a_pool_timeout(metrics: Metrics) -> None:
    counted = Counted("database_pool_timeouts_total")
    metrics.count_event(DatabaseUnavailable(error="QueryCanceled", sqlstate="57014"))
    assert counted.growth == 0


def test_refusals_by_a_budget_are_counted_individually_although_they_share_a_line(metrics: Metrics) -> None:
    counted = Counted("budget_refusals_total", budget="too_many_calls_of_user")
    metrics.count_event(BudgetExceeded(budget="too_many_calls_of_user", refused=7))
    assert counted.growth == 7


@pytest.mark.parametrize(
    ("event", "labels"),
    [
        (request(), {"method": "GET", "route": "/x", "status": "2xx"}),
        (request(status=503), {"method": "GET", "route": "/x", "status": "5xx"}),
        (request(method="BREW"), {"method": "other", "route": "/x", "status": "2xx"}),
        (request(method="get"), {"method": "other", "route": "/x", "status": "2xx"}),
        (request(route=None, status=404), {"method": "GET", "route": "unmatched", "status": "4xx"}),
        (request(status=0), {"method": "GET", "route": "/x", "status": "none"}),
    ],
)
def test_a_request_is_measured_with_labels_that_callers_cannot_choose(
    metrics: Metrics, event: HttpRequest, labels: dict[str, str]
) -> None:
    count = Counted("http_request_duration_seconds_count", **labels)
    seconds = Counted("http_request_duration_seconds_sum", **labels)
    metrics.count_event(event)
    metrics.count_event(event)
    assert (count.growth, round(seconds.growth, 6)) == (2, 0.024)


def test_the_load_is_that_of_the_last_sample(metrics: Metrics) -> None:
    metrics.set_load(PoolLoad(size=7, idle=2, limit=10, waiting=3, asked=9), 4)
    assert value("database_pool_connections", state="idle") == 2
    assert value("database_pool_connections", state="used") == 5
    assert value("database_pool_connections_limit") == 10
    assert value("database_pool_waiting") == 3
    assert value("password_hash_queue_depth") == 4


def test_the_build_is_exported(metrics: Metrics) -> None:
    del metrics
    assert value("build_info", version=__version__, python=".".join(map(str, sys.version_info[:3]))) == 1
    assert value("workers") == 1


async def test_the_load_is_sampled_only_within_the_context(metrics: Metrics) -> None:
    taken: list[int] = []
    async with metrics.sampled(lambda: taken.append(1), interval=0):
        while len(taken) < 3:  # noqa: ASYNC110 - the number of samples is under test
            await asyncio.sleep(0)
    at_the_end = len(taken)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(taken) == at_the_end


async def test_the_wait_of_each_password_hash_is_observed() -> None:
    waits: list[float] = []
    hasher = BcryptHasher(rounds=4, threads=1, observe_wait=waits.append)
    await asyncio.gather(*(hasher.hash("correct horse") for _ in range(3)))
    assert hasher.waiting == 0
    hasher.close()
    assert len(waits) == 3
    assert min(waits) >= 0
