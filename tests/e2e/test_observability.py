"""The Compose profile `observability`: Prometheus reads the service, the alerts and the dashboard's queries."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from development.alert_rules import ALERTS
from development.dashboard import PANELS, RATE
from tests.architecture.metric_names import mentioned_in
from tests.e2e.compose_project import PLAIN, Project
from tests.e2e.stack import READY_SECONDS

SHOWN_FROM_THE_FIRST_REFUSAL = {
    "doorward_budget_refusals_total",
    "doorward_http_refusals_total",
    "doorward_rate_limit_refusals_total",
}
"""Created at the first refusal, because their labels have too many values to create all series beforehand."""

PROFILE = ("--profile", "observability")


class Prometheus:
    """The API of Prometheus."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(path, params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.ask("/targets")
            time.sleep(0.2)


@pytest.fixture(scope="module")
def prometheus(running_project: Project) -> Iterator[Prometheus]:
    started = running_project.compose(PLAIN, *PROFILE, "up", "--detach", "--wait", "--no-deps", "prometheus")
    assert started.returncode == 0, started.stderr
    published = running_project.compose(PLAIN, *PROFILE, "port", "prometheus", "9090").stdout.strip()
    assert published.startswith("127.0.0.1:")
    with httpx.Client(base_url=f"http://{published}/api/v1", trust_env=False, timeout=READY_SECONDS) as client:
        yield Prometheus(client)
    running_project.compose(PLAIN, *PROFILE, "stop", "--timeout", "1", "prometheus")


def test_prometheus_reads_the_service_and_has_every_alert(prometheus: Prometheus) -> None:
    prometheus.wait_until(lambda: bool(prometheus.ask("/query", query='up{job="doorward"} == 1')["result"]))
    (group,) = prometheus.ask("/rules")["groups"]
    assert [rule["name"] for rule in group["rules"]] == [alert.name for alert in ALERTS]


def test_every_query_of_the_dashboard_is_valid_and_finds_its_metrics(prometheus: Prometheus) -> None:
    lines = [line for panel in PANELS for line in panel.lines.values()]
    for line in lines:
        prometheus.ask("/query", query=line.replace(RATE, "[1m]"))
    known = set(prometheus.ask("/label/__name__/values"))
    asked = {name for line in lines for name in mentioned_in(line)}
    missing = {name for name in asked if not known & {name, f"{name}_count"}}
    assert missing <= SHOWN_FROM_THE_FIRST_REFUSAL


def test_the_port_of_the_metrics_is_not_published(running_project: Project) -> None:
    publishers = "{{range .Publishers}}{{.TargetPort}} {{.PublishedPort}},{{end}}"
    published = running_project.compose(PLAIN, "ps", "--format", publishers, "service").stdout
    ports = dict(each.split() for each in published.strip().split(",") if each)
    assert ports["8080"] != "0"
    assert ports.get("9464", "0") == "0"
