"""The alerts: a PromQL expression, how long it must hold, and the documentation page with the remedy."""

from enum import StrEnum
from typing import Final, NamedTuple


class Severity(StrEnum):
    """How soon an operator must act: at once, because calls fail or their state is unknown; or within a day."""

    CRITICAL = "critical"
    WARNING = "warning"


class Alert(NamedTuple):
    """An alert that fires after its condition has held for ``held_for``. ``remedy`` is a section of a page of docs/."""

    name: str
    expression: str
    held_for: str
    severity: Severity
    summary: str
    remedy: str


_REFUSED: Final = 'sum(rate(doorward_refreshes_total{outcome="refused"} [10m]))'
_REQUESTS: Final = "doorward_http_request_duration_seconds"


def _above_yesterday(counter: str, times: int) -> str:
    """Return the condition that a rate is many times that of a day ago, and above one in five seconds."""
    now, then = (f"sum(rate({counter} [15m]{offset}))" for offset in ("", " offset 1d"))
    return f"{now} > 0.2 and {now} > {times} * ({then} or vector(0))"


ALERTS: Final = (
    Alert(
        "DoorwardIsAway",
        'up{job="doorward"} == 0',
        "2m",
        Severity.CRITICAL,
        "Prometheus cannot read a copy of the service.",
        "operations/metrics.md#when-prometheus-cannot-read-it",
    ),
    Alert(
        "DoorwardIsNotWatched",
        'absent(up{job="doorward"})',
        "5m",
        Severity.CRITICAL,
        "Prometheus has no target for the service.",
        "operations/metrics.md#when-prometheus-cannot-read-it",
    ),
    Alert(
        "DoorwardAnswers5xx",
        f'sum(rate({_REQUESTS}_count{{status="5xx"}} [5m])) / sum(rate({_REQUESTS}_count [5m])) > 0.01',
        "5m",
        Severity.CRITICAL,
        "More than one call in a hundred fails.",
        "operations/incidents.md#when-postgresql-fails",
    ),
    Alert(
        "DoorwardIsSlow",
        f'histogram_quantile(0.99, sum by (le) (rate({_REQUESTS}_bucket{{route="/api/v1/auth/me"}} [5m]))) > 0.25',
        "5m",
        Severity.WARNING,
        "One call of /me in a hundred takes longer than 0.25 s.",
        "operations/incidents.md#when-it-is-slow",
    ),
    Alert(
        "DoorwardRequestCrashed",
        'sum(increase(doorward_warnings_total{event="http.request.crashed"} [10m])) > 0',
        "0m",
        Severity.CRITICAL,
        "A request ended in an error that the code does not expect.",
        "operations/incidents.md#when-a-request-crashes",
    ),
    Alert(
        "DoorwardDatabaseIsAway",
        'sum(rate(doorward_warnings_total{event="database.unavailable"} [1m])) > 0',
        "1m",
        Severity.CRITICAL,
        "Calls fail because PostgreSQL refuses them or does not answer.",
        "operations/incidents.md#when-postgresql-fails",
    ),
    Alert(
        "DoorwardPoolIsFull",
        'doorward_database_pool_connections{state="used"} >= ignoring(state) doorward_database_pool_connections_limit',
        "1m",
        Severity.WARNING,
        "A copy uses all connections to PostgreSQL that it may open.",
        "operations/incidents.md#when-it-is-slow",
    ),
    Alert(
        "DoorwardQueriesWait",
        "sum by (instance) (doorward_database_pool_waiting) > 0",
        "1m",
        Severity.WARNING,
        "Queries of a copy wait for a connection to PostgreSQL.",
        "operations/incidents.md#when-it-is-slow",
    ),
    Alert(
        "DoorwardQueriesGiveUp",
        "sum(increase(doorward_database_pool_timeouts_total [5m])) > 0",
        "0m",
        Severity.CRITICAL,
        "Queries got no connection to PostgreSQL in time: 503.",
        "operations/incidents.md#when-it-is-slow",
    ),
    Alert(
        "DoorwardClocksDiffer",
        "max by (instance) (abs(doorward_clock_difference_seconds)) > 1",
        "5m",
        Severity.WARNING,
        "A host's clock and PostgreSQL's differ by more than a second.",
        "operations/postgresql.md#clocks",
    ),
    Alert(
        "DoorwardPasswordsWait",
        "sum by (instance) (doorward_password_hash_queue_depth) > 32",
        "1m",
        Severity.WARNING,
        "More than 32 passwords of a copy wait for a processor.",
        "operations/incidents.md#when-logins-are-slow",
    ),
    Alert(
        "DoorwardLoginsAreSlow",
        "histogram_quantile(0.99, sum by (le) (rate(doorward_password_hash_wait_seconds_bucket [5m]))) > 2",
        "5m",
        Severity.WARNING,
        "One password in a hundred waits longer than 2 s.",
        "operations/incidents.md#when-logins-are-slow",
    ),
    Alert(
        "DoorwardPasswordsAreGuessed",
        _above_yesterday('doorward_logins_total{outcome="failed"}', 5),
        "5m",
        Severity.WARNING,
        "Failed logins are five times as many as at this hour yesterday.",
        "operations/incidents.md#when-passwords-are-guessed",
    ),
    Alert(
        "DoorwardOneAccountIsGuessed",
        'sum(rate(doorward_logins_total{outcome="throttled"} [5m])) > 0',
        "10m",
        Severity.WARNING,
        "Logins to one account are throttled repeatedly.",
        "operations/incidents.md#when-passwords-are-guessed",
    ),
    Alert(
        "DoorwardTokensAreReused",
        "sum(increase(doorward_refresh_reuse_detections_total [1h])) > 10",
        "0m",
        Severity.WARNING,
        "Within an hour more than ten sessions ended because a used refresh token was sent again.",
        "operations/incidents.md#when-refresh-tokens-come-again",
    ),
    Alert(
        "DoorwardRefreshesAreRefused",
        f'{_REFUSED} > 0.1 and {_REFUSED} > sum(rate(doorward_refreshes_total{{outcome="rotated"}} [10m]))',
        "10m",
        Severity.WARNING,
        "More refreshes are refused than succeed.",
        "operations/incidents.md#when-refresh-tokens-come-again",
    ),
    Alert(
        "DoorwardAccountsAreMade",
        _above_yesterday('doorward_registrations_total{outcome=~"registered|requested"}', 10),
        "5m",
        Severity.WARNING,
        "Registrations are ten times as many as at this hour yesterday.",
        "operations/accounts.md#who-may-register",
    ),
    Alert(
        "DoorwardClientsFail",
        'sum(rate(doorward_client_authentications_total{outcome="failed"} [5m])) > 0',
        "1h",
        Severity.WARNING,
        "An OAuth client has been refused for an hour.",
        "operations/incidents.md#when-an-oauth-client-is-refused",
    ),
    Alert(
        "DoorwardIssuerIsAway",
        'sum(rate(doorward_foreign_tokens_total{outcome="unavailable"} [5m])) > 0',
        "5m",
        Severity.WARNING,
        "A trusted issuer's keys cannot be read.",
        "trusted-issuers.md#what-callers-are-answered",
    ),
    Alert(
        "DoorwardLimitsRefuse",
        "sum(rate(doorward_rate_limit_refusals_total [5m])) > 0.1",
        "10m",
        Severity.WARNING,
        "Calls are refused by the limits of addresses.",
        "operations/limits.md#limits-of-what-is-counted",
    ),
    Alert(
        "DoorwardBudgetsRefuse",
        "sum(rate(doorward_budget_refusals_total [5m])) > 0.1",
        "10m",
        Severity.WARNING,
        "Calls are refused by the budgets of addresses and users.",
        "operations/limits.md#budgets",
    ),
    Alert(
        "DoorwardSharedLimitsAreAway",
        "sum(doorward_rate_limit_store_away) > 0",
        "5m",
        Severity.WARNING,
        "Each worker counts limits separately because Redis does not answer.",
        "operations/limits.md#limits-of-what-is-counted",
    ),
    Alert(
        "DoorwardConnectionsRunOut",
        "sum by (instance) (doorward_http_connections) > 0.8 * sum by (instance) (doorward_http_connections_limit)",
        "5m",
        Severity.WARNING,
        "A copy has more than 80 % of its maximum number of connections.",
        "operations/limits.md#connections",
    ),
    Alert(
        "DoorwardConnectionsAreClosed",
        'sum(rate(doorward_http_refusals_total{reason=~"closed_for_room|too_many_connections"} [5m])) > 0',
        "5m",
        Severity.CRITICAL,
        "Connections are closed or refused to make room.",
        "operations/limits.md#connections",
    ),
    Alert(
        "DoorwardMailIsLate",
        "max(doorward_outbox_oldest_seconds) > 300",
        "5m",
        Severity.CRITICAL,
        "A mail has been due for more than five minutes.",
        "mail.md#mail-is-late",
    ),
    Alert(
        "DoorwardOutboxGrows",
        "max(doorward_outbox_due) > 1000",
        "5m",
        Severity.WARNING,
        "More than a thousand messages are due.",
        "mail.md#mail-is-late",
    ),
    Alert(
        "DoorwardMailServerIsAway",
        "sum(doorward_outbox_open_circuits) > 0",
        "5m",
        Severity.WARNING,
        "Processes treat the mail server as unavailable.",
        "mail.md#mail-is-late",
    ),
    Alert(
        "DoorwardMailIsRefused",
        "max(doorward_outbox_dead) - max(doorward_outbox_dead offset 1h) > 10",
        "5m",
        Severity.WARNING,
        "More than ten mails of the last hour are dead letters.",
        "mail.md#dead-letters",
    ),
    Alert(
        "DoorwardMailboxesAreFlooded",
        'sum(rate(doorward_outbox_outcomes_total{outcome="suppressed"} [5m])) > 0',
        "1h",
        Severity.WARNING,
        "For an hour, more mails have been requested than one address may get.",
        "mail.md#how-it-is-sent",
    ),
    Alert(
        "DoorwardBreachCheckFails",
        'sum(rate(doorward_breach_checks_total{outcome="failed"} [5m])) > 0',
        "5m",
        Severity.WARNING,
        "New passwords cannot be looked up among breached ones.",
        "operations/accounts.md#breached-passwords",
    ),
    Alert(
        "DoorwardLogLinesAreLost",
        "sum(increase(doorward_log_lines_dropped_total [10m])) > 0",
        "0m",
        Severity.WARNING,
        "Log lines were dropped because the reader of standard output is slow or gone.",
        "operations/logs.md#log",
    ),
    Alert(
        "DoorwardWorkersAreMissing",
        "sum by (instance) (doorward_workers) < max_over_time(sum by (instance) (doorward_workers)[1h:1m])",
        "5m",
        Severity.WARNING,
        "A copy has fewer worker processes than within the last hour.",
        "operations/incidents.md#when-a-process-is-killed",
    ),
    Alert(
        "DoorwardRunsTwoVersions",
        "count(count by (version) (doorward_build_info)) > 1",
        "1h",
        Severity.WARNING,
        "Two versions have run for an hour: a release has not finished.",
        "operations/start.md#upgrading",
    ),
)
