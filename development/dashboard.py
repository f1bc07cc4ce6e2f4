"""The panels of docker/grafana-dashboard.json, and their conversion to Grafana's JSON."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

PAGE: Final = Path("docker/grafana-dashboard.json")
COLUMNS: Final = 24
WIDTH: Final = 8
HEIGHT: Final = 7
RATE: Final = "[$__rate_interval]"
_PER_SECOND: Final = "reqps"


class Panel(NamedTuple):
    """One graph: a PromQL expression for each legend."""

    title: str
    description: str
    unit: str
    lines: dict[str, str]


def _rates(metric: str, *labels: str) -> dict[str, str]:
    return {_legend(labels): f"sum by ({', '.join(labels)}) (rate({metric}{RATE}))"}


def _legend(labels: Iterable[str]) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def _quantiles(metric: str, *labels: str) -> dict[str, str]:
    grouped = ", ".join(["le", *labels])
    return {
        f"p{100 * quantile:.0f} {_legend(labels)}".strip(): (
            f"histogram_quantile({quantile}, sum by ({grouped}) (rate({metric}_bucket{RATE})))"
        )
        for quantile in (0.5, 0.99)
    }


_REQUESTS: Final = "doorward_http_request_duration_seconds"

PANELS: Final = (
    Panel("Requests", "By route and class of status.", _PER_SECOND, _rates(f"{_REQUESTS}_count", "route", "status")),
    Panel("Time of a request", "Slowest and middle, by route.", "s", _quantiles(_REQUESTS, "route")),
    Panel(
        "Requests that failed on our side",
        "Share of 5xx. A 503: a dependency of the service is unavailable or overloaded.",
        "percentunit",
        {"5xx": f'sum(rate({_REQUESTS}_count{{status="5xx"}}{RATE})) / sum(rate({_REQUESTS}_count{RATE}))'},
    ),
    Panel("Logins", "A rise of failures indicates guessing.", _PER_SECOND, _rates("doorward_logins_total", "outcome")),
    Panel("Refreshes", "By outcome.", _PER_SECOND, _rates("doorward_refreshes_total", "outcome")),
    Panel(
        "Sessions ended by reuse",
        "A used refresh token was presented again: theft, or a client that refreshes twice.",
        "short",
        {"reuse": f"sum(increase(doorward_refresh_reuse_detections_total{RATE}))"},
    ),
    Panel(
        "Ends of sessions",
        "Logouts, and those without a live session.",
        _PER_SECOND,
        _rates("doorward_revocations_total", "outcome"),
    ),
    Panel(
        "Authentications of clients",
        "More failures than usual: an outdated client secret, or guessing.",
        _PER_SECOND,
        _rates("doorward_client_authentications_total", "outcome"),
    ),
    Panel(
        "Tokens that clients asked for",
        "Refused: a scope or a resource that the client may not use.",
        _PER_SECOND,
        _rates("doorward_client_tokens_total", "outcome"),
    ),
    Panel(
        "Authorization codes",
        "Refused: redeemed incorrectly or twice. Denied: the application received an error instead of a code.",
        _PER_SECOND,
        _rates("doorward_authorization_codes_total", "outcome"),
    ),
    Panel(
        "Devices",
        "Wrong codes: people mistype, or someone guesses.",
        _PER_SECOND,
        _rates("doorward_device_authorizations_total", "outcome"),
    ),
    Panel(
        "Documents that describe clients",
        "Refused: they could not be fetched, or are not valid.",
        _PER_SECOND,
        _rates("doorward_client_documents_total", "outcome"),
    ),
    Panel(
        "Introspections",
        "One for each call to an API that does not cache the result.",
        _PER_SECOND,
        {"introspections": f"sum(rate(doorward_introspections_total{RATE}))"},
    ),
    Panel("Registrations", "By outcome.", _PER_SECOND, _rates("doorward_registrations_total", "outcome")),
    Panel("Second factors", "Asked for and refused.", _PER_SECOND, _rates("doorward_second_factors_total", "outcome")),
    Panel(
        "New passwords looked up among breached ones",
        "Failed: the server or the file that PASSWORD_BREACHES names could not be read.",
        _PER_SECOND,
        _rates("doorward_breach_checks_total", "outcome"),
    ),
    Panel(
        "Tokens of trusted issuers that were not accepted",
        "Unavailable: an issuer's keys are not known.",
        _PER_SECOND,
        _rates("doorward_foreign_tokens_total", "outcome"),
    ),
    Panel("Verifications", "Of addresses.", _PER_SECOND, _rates("doorward_email_verifications_total", "outcome")),
    Panel("E-mail changes", "Confirmations.", _PER_SECOND, _rates("doorward_email_changes_total", "outcome")),
    Panel("Password changes", "Resets too.", _PER_SECOND, _rates("doorward_password_changes_total", "outcome")),
    Panel("Refused by the limits", "429 by route.", _PER_SECOND, _rates("doorward_rate_limit_refusals_total", "route")),
    Panel("Refused by budgets", "429 by budget.", _PER_SECOND, _rates("doorward_budget_refusals_total", "budget")),
    Panel(
        "Workers that count limits alone",
        "They get no answer from the store of the shared counters.",
        "short",
        {"workers": "sum(doorward_rate_limit_store_away)"},
    ),
    Panel(
        "Log lines lost",
        "The reader of standard output is slow or gone.",
        "short",
        {"lines": f"sum(increase(doorward_log_lines_dropped_total{RATE}))"},
    ),
    Panel(
        "Connections from clients",
        "All copies, with their limit.",
        "short",
        {"open": "sum(doorward_http_connections)", "limit": "sum(doorward_http_connections_limit)"},
    ),
    Panel(
        "Connections that ended without a request",
        "By reason: what was malformed, too large or too slow, or closed to make room.",
        _PER_SECOND,
        _rates("doorward_http_refusals_total", "reason"),
    ),
    Panel(
        "Password hashes that wait",
        "Hashes that wait for a free processor.",
        "short",
        {"waiting": "sum(doorward_password_hash_queue_depth)"},
    ),
    Panel("Time that a password hash waits", "All copies.", "s", _quantiles("doorward_password_hash_wait_seconds")),
    Panel(
        "Connections to PostgreSQL",
        "All copies, with their limit.",
        "short",
        {
            "{{state}}": "sum by (state) (doorward_database_pool_connections)",
            "limit": "sum(doorward_database_pool_connections_limit)",
        },
    ),
    Panel(
        "Calls that wait for a connection",
        "Calls that wait now, and those that timed out.",
        "short",
        {
            "waiting": "sum(doorward_database_pool_waiting)",
            "timeouts": f"sum(increase(doorward_database_pool_timeouts_total{RATE}))",
        },
    ),
    Panel("Messages tried", "By what came of it.", _PER_SECOND, _rates("doorward_outbox_outcomes_total", "outcome")),
    Panel(
        "Oldest message that is due",
        "Mail is delayed by this time. Every copy measures the same outbox.",
        "s",
        {"oldest": "max(doorward_outbox_oldest_seconds)"},
    ),
    Panel(
        "Outbox",
        "Messages due, dead letters, and processes that consider the mail server unavailable.",
        "short",
        {
            "due": "max(doorward_outbox_due)",
            "dead": "max(doorward_outbox_dead)",
            "circuits open": "sum(doorward_outbox_open_circuits)",
        },
    ),
    Panel(
        "Warnings and errors",
        "By event; docs/events.md says what each means.",
        "short",
        {"{{event}}": f"sum by (event) (increase(doorward_warnings_total{RATE})) > 0"},
    ),
    Panel(
        "Clocks",
        "By how much the hosts' clocks differ from PostgreSQL's.",
        "s",
        {"{{instance}}": "max by (instance) (doorward_clock_difference_seconds)"},
    ),
    Panel(
        "Workers and versions",
        "Live worker processes, and their versions.",
        "short",
        {
            "workers": "sum(doorward_workers)",
            "{{version}} on {{python}}": "count by (version, python) (doorward_build_info)",
        },
    ),
)


def dashboard() -> str:
    """Return the dashboard in Grafana's import format; the import asks for the Prometheus data source."""
    document = {
        "title": "doorward",
        "uid": "doorward",
        "tags": ["doorward"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }
    return json.dumps(document, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    across = COLUMNS // WIDTH
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": source,
        "gridPos": {"x": number % across * WIDTH, "y": number // across * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": source, "expr": expression, "legendFormat": legend}
            for place, (legend, expression) in enumerate(panel.lines.items())
        ],
    }
