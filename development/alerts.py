"""Generates docker/prometheus-alerts.yaml, the rules that Prometheus loads, from development/alert_rules.py."""

import json
from pathlib import Path
from typing import Final

from development.alert_rules import ALERTS

PAGE: Final = Path("docker/prometheus-alerts.yaml")


def alerts() -> str:
    """Return the content of the file. Texts are quoted as JSON, which is also valid YAML."""
    lines = [
        "# Written by `inv docs` from development/alert_rules.py. Load it by rule_files in prometheus.yml.",
        "groups:",
        "  - name: doorward",
        "    rules:",
    ]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.expression)}",
            f"        for: {alert.held_for}",
            f"        labels: {{severity: {alert.severity}}}",
            "        annotations:",
            f"          summary: {json.dumps(alert.summary)}",
            f"          remedy: {json.dumps(f'docs/{alert.remedy}')}",
        ]
    return "\n".join([*lines, ""])
