"""docker/prometheus-alerts.yaml: the rules that a Prometheus loads, each an alert with its reason and remedy."""

import json
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path("docker/prometheus-alerts.yaml")


class Alert(NamedTuple):
    """A condition that has held for so long. ``remedy`` is a section of a page of docs/."""

    name: str
    expression: str
    held_for: str
    summary: str
    remedy: str


ALERTS: Final = (
    Alert(
        "DoorwardIsAway",
        'up{job="doorward"} == 0',
        "2m",
        "Prometheus cannot read a copy of the service.",
        "operations.md#metrics",
    ),
    Alert(
        "DoorwardAnswers5xx",
        'sum(rate(doorward_http_request_duration_seconds_count{status="5xx"} [5m]))'
        " / sum(rate(doorward_http_request_duration_seconds_count [5m])) > 0.01",
        "5m",
        "More than one call in a hundred fails.",
        "operations.md#when-postgresql-fails",
    ),
    Alert(
        "DoorwardMailIsLate",
        "max(doorward_outbox_oldest_seconds) > 300",
        "5m",
        "A mail has been due for more than five minutes.",
        "mail.md#mail-is-late",
    ),
    Alert(
        "DoorwardMailServerIsAway",
        "sum(doorward_outbox_open_circuits) > 0",
        "5m",
        "Processes take the mail server for away.",
        "mail.md#mail-is-late",
    ),
    Alert(
        "DoorwardMailIsRefused",
        "max(doorward_outbox_dead) - max(doorward_outbox_dead offset 1h) > 10",
        "5m",
        "More than ten mails of the last hour are dead letters.",
        "mail.md#dead-letters",
    ),
    Alert(
        "DoorwardBreachCheckFails",
        'sum(rate(doorward_breach_checks_total{outcome="failed"} [5m])) > 0',
        "5m",
        "New passwords cannot be looked up among breached ones.",
        "operations.md#breached-passwords",
    ),
    Alert(
        "DoorwardSharedLimitsAreAway",
        "sum(doorward_rate_limit_store_away) > 0",
        "5m",
        "Workers count limits by themselves, since Redis does not answer.",
        "operations.md#limits-of-what-is-counted",
    ),
)


def alerts() -> str:
    """Return the file. A text in JSON's quotes is one in YAML, too."""
    lines = [
        "# Written by `inv docs` from development/alerts.py. Load it by rule_files in prometheus.yml.",
        "groups:",
        "  - name: doorward",
        "    rules:",
    ]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.expression)}",
            f"        for: {alert.held_for}",
            "        annotations:",
            f"          summary: {json.dumps(alert.summary)}",
            f"          remedy: {json.dumps(f'docs/{alert.remedy}')}",
        ]
    return "\n".join([*lines, ""])
