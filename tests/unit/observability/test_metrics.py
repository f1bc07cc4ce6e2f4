"""What is counted, with which labels."""

import asyncio
import sys
from typing import Any

import pytest

from doorward import __version__
from doorward.core.ports import PoolLoad
from doorward.infrastructure.passwords import BcryptHasher
from doorward.observability.events import EVENTS
from doorward.observability.metrics import REGISTRY, Metrics


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"doorward_{name}", labels) or 0.0


class Counted:
    """By how much a series grows within the block."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._before = value(name, **labels)

    @property
    def growth(self) -> float:
        return value(self._name, **self._labels) - self._before


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def request(**changes: Any) -> dict[str, Any]:
    return {"method": "GET", "route": "/x", "status": 200, "duration_ms": 12.0, **changes}


@pytest.mark.parametrize(
    ("event", "counter", "labels"),
    [
        ("auth.login.succeeded", "logins_total", {"outcome": "succeeded"}),
        ("auth.login.failed", "logins_total", {"outcome": "failed"}),
        ("auth.refresh.rotated", "refreshes_total", {"outcome": "rotated"}),
        ("auth.refresh.repeated", "refreshes_total", {"outcome": "repeated"}),
        ("auth.refresh.refused", "refreshes_total", {"outcome": "refused"}),
        ("auth.refresh.reuse_detected", "refreshes_total", {"outcome": "reused"}),
        ("auth.refresh.reuse_detected", "refresh_reuse_detections_total", {}),
        ("auth.refresh.reuse_detected", "warnings_total", {"event": "auth.refresh.reuse_detected"}),
        ("auth.session.revoked", "revocations_total", {"outcome": "revoked"}),
        ("auth.revocation.ignored", "revocations_total", {"outcome": "ignored"}),
        ("auth.user.registered", "registrations_total", {"outcome": "registered"}),
        ("auth.registration.refused", "registrations_total", {"outcome": "refused"}),
        ("rate_limit.exceeded", "rate_limit_refusals_total", {"route": "/x"}),
        ("http.request.crashed", "warnings_total", {"event": "http.request.crashed"}),
        ("database.unavailable", "database_pool_timeouts_total", {}),
    ],
)
def test_an_event_is_counted_once(metrics: Metrics, event: str, counter: str, labels: dict[str, str]) -> None:
    counted = Counted(counter, **labels)
    metrics.count_event(event, {"route": "/x", "error": "PoolTimeout"})
    assert counted.growth == 1


def test_every_event_can_be_counted_and_those_that_are_none_are_not(metrics: Metrics) -> None:
    before = len(list(REGISTRY.collect()))
    for name, event in EVENTS.items():
        metrics.count_event(name, request() | dict.fromkeys(event.facts, 1) if name != "http.request" else request())
    metrics.count_event("nobody.knows", {})
    assert len(list(REGISTRY.collect())) == before


def test_a_store_of_limits_is_away_from_its_loss_to_its_return(metrics: Metrics) -> None:
    metrics.count_event("rate_limit.store_unavailable", {"error": "TimeoutError"})
    assert value("rate_limit_store_away") == 1
    metrics.count_event("rate_limit.store_recovered", {})
    assert value("rate_limit_store_away") == 0


@pytest.mark.parametrize("name", ["http.connection.refused", "http.connections.exhausted"])
def test_refused_connections_are_counted_by_reason_as_many_as_the_line_says(metrics: Metrics, name: str) -> None:
    counted = Counted("http_refusals_total", reason="invalid_host")
    metrics.count_event(name, {"reason": "invalid_host", "count": 7})
    assert counted.growth == 7


def test_only_a_full_pool_is_a_pool_timeout(metrics: Metrics) -> None:
    counted = Counted("database_pool_timeouts_total")
    metrics.count_event("database.unavailable", {"error": "QueryCanceled"})
    assert counted.growth == 0


def test_refusals_by_a_budget_are_counted_one_by_one_though_they_share_a_line(metrics: Metrics) -> None:
    counted = Counted("budget_refusals_total", budget="too_many_calls_of_user")
    metrics.count_event("budget.exceeded", {"budget": "too_many_calls_of_user", "refused": 7})
    assert counted.growth == 7


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        (request(), {"method": "GET", "route": "/x", "status": "2xx"}),
        (request(status=503), {"method": "GET", "route": "/x", "status": "5xx"}),
        (request(method="BREW"), {"method": "other", "route": "/x", "status": "2xx"}),
        (request(method="get"), {"method": "other", "route": "/x", "status": "2xx"}),
        (request(route=None, status=404), {"method": "GET", "route": "unmatched", "status": "4xx"}),
        (request(status=0), {"method": "GET", "route": "/x", "status": "none"}),
    ],
)
def test_a_request_is_measured_under_labels_that_callers_cannot_choose(
    metrics: Metrics, facts: dict[str, Any], labels: dict[str, str]
) -> None:
    count = Counted("http_request_duration_seconds_count", **labels)
    seconds = Counted("http_request_duration_seconds_sum", **labels)
    metrics.count_event("http.request", facts)
    metrics.count_event("http.request", facts)
    assert (count.growth, round(seconds.growth, 6)) == (2, 0.024)


def test_the_load_is_that_of_the_last_sample(metrics: Metrics) -> None:
    metrics.set_load(PoolLoad(size=7, idle=2, limit=10, waiting=3), 4)
    assert value("database_pool_connections", state="idle") == 2
    assert value("database_pool_connections", state="used") == 5
    assert value("database_pool_connections_limit") == 10
    assert value("database_pool_waiting") == 3
    assert value("password_hash_queue_depth") == 4


def test_the_build_is_told(metrics: Metrics) -> None:
    del metrics
    assert value("build_info", version=__version__, python=".".join(map(str, sys.version_info[:3]))) == 1
    assert value("workers") == 1


async def test_the_load_is_sampled_from_the_beginning_to_the_end(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorward.observability.metrics.SAMPLE_SECONDS", 0)
    taken: list[int] = []
    async with metrics.sampled(lambda: taken.append(1)):
        while len(taken) < 3:  # noqa: ASYNC110 - how often it is taken is the question
            await asyncio.sleep(0)
    at_the_end = len(taken)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(taken) == at_the_end


async def test_each_password_hash_tells_how_long_it_waited() -> None:
    waits: list[float] = []
    hasher = BcryptHasher(rounds=4, threads=1, observe_wait=waits.append)
    await asyncio.gather(*(hasher.hash("correct horse") for _ in range(3)))
    assert hasher.waiting == 0
    hasher.close()
    assert len(waits) == 3
    assert min(waits) >= 0
