"""Metrics follow the naming rules of Prometheus, and are on the dashboard and on the operators' page."""

import json
import re
from pathlib import Path
from typing import Final

from prometheus_client import Metric

import doorward.wiring.application  # noqa: F401 - events are found once their modules are imported
from development.alert_rules import ALERTS
from development.alerts import PAGE as ALERTS_PAGE
from development.alerts import alerts
from development.dashboard import PAGE, PANELS, dashboard
from doorward.core.events import event_classes
from doorward.observability.metrics import REGISTRY, UNCOUNTED_EVENTS, Metrics
from tests.architecture.metric_names import family_of, mentioned_in
from tests.architecture.sources import text_of

OPERATORS_PAGE: Final = Path("docs/operations/metrics.md")
UNITS: Final = ("_seconds", "_total", "_info")
PLAIN_COUNTS: Final = {
    "doorward_http_connections",
    "doorward_http_connections_limit",
    "doorward_password_hash_queue_depth",
    "doorward_database_pool_connections",
    "doorward_database_pool_connections_limit",
    "doorward_database_pool_waiting",
    "doorward_rate_limit_store_away",
    "doorward_outbox_due",
    "doorward_outbox_dead",
    "doorward_outbox_open_circuits",
    "doorward_workers",
}
"""Gauges that count things, and therefore have no unit."""

GAUGES_OF_TIME: Final = {"doorward_clock_difference_seconds", "doorward_outbox_oldest_seconds"}


def families() -> list[Metric]:
    Metrics(event_classes())
    return list(REGISTRY.collect())


def exposed(family: Metric) -> str:
    """Return the name that queries use."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_names_follow_the_rules_of_prometheus() -> None:
    assert len(families()) > 10
    for family in families():
        assert re.fullmatch(r"doorward(_[a-z]+)+", family.name)
        assert exposed(family).endswith(UNITS) or family.name in PLAIN_COUNTS, family.name
        is_time = family.name.endswith("_seconds") and family.name not in GAUGES_OF_TIME
        assert (family.type == "histogram") == is_time
        assert family.documentation


def test_the_dashboard_is_current() -> None:
    assert text_of(PAGE) == dashboard(), "run: uv run inv docs"


def test_the_file_of_alerts_is_current() -> None:
    assert text_of(ALERTS_PAGE) == alerts(), "run: uv run inv docs"


def test_alerts_use_existing_metrics_and_link_to_existing_sections() -> None:
    assert "DoorwardMailIsLate" in {alert.name for alert in ALERTS}
    known = {exposed(family) for family in families()}
    for alert in ALERTS:
        assert mentioned_in(alert.expression) <= known, alert.name
        page, _, section = alert.remedy.partition("#")
        headings = [line.lstrip("# ") for line in text_of(Path("docs", page)).splitlines() if line.startswith("#")]
        assert section in {heading.lower().replace(" ", "-") for heading in headings}, alert.name


def test_the_dashboard_shows_exactly_the_existing_metrics() -> None:
    asked = {name for panel in PANELS for line in panel.lines.values() for name in mentioned_in(line)}
    assert asked == {exposed(family) for family in families()}


def test_a_dashboards_legend_has_only_labels_that_its_query_keeps() -> None:
    for panel in PANELS:
        for legend, expression in panel.lines.items():
            wanted = {label.strip() for found in re.findall(r"{{(.*?)}}", legend) for label in found.split(",")}
            kept = {label.strip() for found in re.findall(r"by \((.*?)\)", expression) for label in found.split(",")}
            assert wanted <= kept, panel.title
            assert "," not in legend, panel.title


def test_the_operators_page_names_the_warnings_that_are_not_counted() -> None:
    (row,) = [line for line in text_of(OPERATORS_PAGE).splitlines() if line.startswith("| `doorward_warnings")]
    named = {event for event in event_classes() if f"`{event.log_event}`" in row.split("|")[2]}
    assert named == set(UNCOUNTED_EVENTS)


def test_no_two_panels_overlap() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in json.loads(dashboard())["panels"]]
    assert len(set(places)) == len(places) == len(PANELS)


def test_the_operators_page_explains_each_metric() -> None:
    rows = [line for line in text_of(OPERATORS_PAGE).splitlines() if line.startswith("| `doorward_")]
    explained = {family_of(line.split("`")[1].partition("{")[0]) for line in rows}
    assert explained == {exposed(family) for family in families()}
    assert all(len(line.split("|")[3].strip()) > 5 for line in rows), "name the alert"
