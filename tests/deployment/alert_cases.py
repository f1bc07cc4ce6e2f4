"""For each alert, time series that make it fire, and similar ones that do not.

Values are in promtool's notation, one sample in each interval: `0+6x20` begins at 0 and grows by 6, twenty times;
`1x20` is constantly 1.
"""

from typing import Final, NamedTuple

Series = dict[str, str]

MINUTES: Final = 20
HOUR_AND_MORE: Final = 90
SAMPLE_OF_DAYS: Final = 5
"""Minutes between the samples of cases that last for more than a day."""


class Case(NamedTuple):
    """The samples that Prometheus has read up to a moment, in minutes."""

    fires: Series
    quiet: Series
    minutes: int = MINUTES
    sample_minutes: int = 1


def grows(by: float, minutes: int = MINUTES) -> str:
    return f"0+{by}x{minutes}"


def stays(value: float, minutes: int = MINUTES) -> str:
    return f"{value}x{minutes}"


def counter(series: str, *, enough: float, too_little: float = 0, minutes: int = MINUTES) -> Case:
    """Return the case of a counter whose rate per minute must not be too high."""
    return Case({series: grows(enough, minutes)}, {series: grows(too_little, minutes)}, minutes)


def gauge(series: str, *, above: float, below: float) -> Case:
    return Case({series: stays(above)}, {series: stays(below)})


def since_yesterday(series: str, *, then: float, now: float, still: float) -> Case:
    """Return the case of a rate per minute that is compared with that of a day ago."""
    samples, more = 24 * 60 // SAMPLE_OF_DAYS, 10
    begin = f"0+{then * SAMPLE_OF_DAYS}x{samples}"
    total = then * SAMPLE_OF_DAYS * samples
    return Case(
        {series: f"{begin} {total}+{now * SAMPLE_OF_DAYS}x{more}"},
        {series: f"{begin} {total}+{still * SAMPLE_OF_DAYS}x{more}"},
        (samples + more) * SAMPLE_OF_DAYS,
        SAMPLE_OF_DAYS,
    )


def two(first: str, second: str, *, fires: tuple[float, float], quiet: tuple[float, float], grow: bool = False) -> Case:
    """Return the case of two series that are compared."""
    write = grows if grow else stays
    return Case(
        {first: write(fires[0]), second: write(fires[1])},
        {first: write(quiet[0]), second: write(quiet[1])},
    )


UP: Final = 'up{job="doorward", instance="a:9464"}'
REQUESTS: Final = "doorward_http_request_duration_seconds"
ME: Final = 'route="/api/v1/auth/me", method="GET", status="2xx"'
FAILED: Final = 'doorward_logins_total{outcome="failed"}'


def slow(name: str, labels: str, *, slowest: tuple[str, str], share: tuple[float, float]) -> Case:
    """Return the case of a histogram: a share of the calls is in the bucket below the bound, the rest in the next."""
    within, above = (f'{name}_bucket{{{labels}le="{bound}"}}' for bound in slowest)
    total = f'{name}_bucket{{{labels}le="+Inf"}}'
    fires, quiet = ({within: grows(1000 * each), above: grows(1000), total: grows(1000)} for each in share)
    return Case(fires, quiet)


CASES: Final[dict[str, Case]] = {
    "DoorwardIsAway": gauge(UP, above=0, below=1),
    "DoorwardIsNotWatched": Case({'up{job="other"}': stays(1)}, {UP: stays(0)}),
    "DoorwardAnswers5xx": two(
        f'{REQUESTS}_count{{status="5xx"}}',
        f'{REQUESTS}_count{{status="2xx"}}',
        fires=(2, 98),
        quiet=(1, 199),
        grow=True,
    ),
    "DoorwardIsSlow": slow(REQUESTS, f"{ME}, ", slowest=("0.25", "0.5"), share=(0.98, 0.995)),
    "DoorwardRequestCrashed": Case(
        {'doorward_warnings_total{event="http.request.crashed"}': "0x18 1x2"},
        {'doorward_warnings_total{event="http.request.crashed"}': "0x4 1x16"},
    ),
    "DoorwardDatabaseIsAway": Case(
        {'doorward_warnings_total{event="database.unavailable"}': "0x15 1+1x5"},
        {'doorward_warnings_total{event="database.unavailable"}': "0+1x15 15x5"},
    ),
    "DoorwardPoolIsFull": two(
        'doorward_database_pool_connections{state="used", instance="a"}',
        'doorward_database_pool_connections_limit{instance="a"}',
        fires=(10, 10),
        quiet=(9, 10),
    ),
    "DoorwardQueriesWait": gauge('doorward_database_pool_waiting{instance="a"}', above=1, below=0),
    "DoorwardQueriesGiveUp": Case(
        {"doorward_database_pool_timeouts_total": "0x18 3x2"}, {"doorward_database_pool_timeouts_total": "3x20"}
    ),
    "DoorwardClocksDiffer": gauge('doorward_clock_difference_seconds{instance="a"}', above=-1.5, below=0.9),
    "DoorwardPasswordsWait": gauge('doorward_password_hash_queue_depth{instance="a"}', above=33, below=32),
    "DoorwardLoginsAreSlow": slow("doorward_password_hash_wait_seconds", "", slowest=("2", "4"), share=(0.98, 0.995)),
    "DoorwardPasswordsAreGuessed": since_yesterday(FAILED, then=3, now=18, still=12),
    "DoorwardOneAccountIsGuessed": counter('doorward_logins_total{outcome="throttled"}', enough=1),
    "DoorwardTokensAreReused": Case(
        {"doorward_refresh_reuse_detections_total": "0x60 0+1x30"},
        {"doorward_refresh_reuse_detections_total": "0+1x30 30x55 31+1x5"},
        HOUR_AND_MORE,
    ),
    "DoorwardRefreshesAreRefused": two(
        'doorward_refreshes_total{outcome="refused"}',
        'doorward_refreshes_total{outcome="rotated"}',
        fires=(10, 9),
        quiet=(10, 11),
        grow=True,
    ),
    "DoorwardAccountsAreMade": since_yesterday(
        'doorward_registrations_total{outcome="registered"}', then=2, now=22, still=18
    ),
    "DoorwardClientsFail": Case(
        {'doorward_client_authentications_total{outcome="failed"}': grows(1, HOUR_AND_MORE)},
        {'doorward_client_authentications_total{outcome="failed"}': f"0x40 {grows(1, 50)}"},
        HOUR_AND_MORE,
    ),
    "DoorwardIssuerIsAway": counter('doorward_foreign_tokens_total{outcome="unavailable"}', enough=1),
    "DoorwardLimitsRefuse": counter('doorward_rate_limit_refusals_total{route="/x"}', enough=7, too_little=5),
    "DoorwardBudgetsRefuse": counter('doorward_budget_refusals_total{budget="x"}', enough=7, too_little=5),
    "DoorwardSharedLimitsAreAway": gauge("doorward_rate_limit_store_away", above=1, below=0),
    "DoorwardConnectionsRunOut": two(
        'doorward_http_connections{instance="a"}',
        'doorward_http_connections_limit{instance="a"}',
        fires=(810, 1000),
        quiet=(800, 1000),
    ),
    "DoorwardConnectionsAreClosed": counter('doorward_http_refusals_total{reason="closed_for_room"}', enough=1),
    "DoorwardMailIsLate": gauge("doorward_outbox_oldest_seconds", above=301, below=300),
    "DoorwardOutboxGrows": gauge("doorward_outbox_due", above=1001, below=1000),
    "DoorwardMailServerIsAway": gauge("doorward_outbox_open_circuits", above=1, below=0),
    "DoorwardMailIsRefused": Case(
        {"doorward_outbox_dead": "5x60 16x30"}, {"doorward_outbox_dead": "5x60 15x30"}, HOUR_AND_MORE
    ),
    "DoorwardMailboxesAreFlooded": Case(
        {'doorward_outbox_outcomes_total{outcome="suppressed"}': grows(1, HOUR_AND_MORE)},
        {'doorward_outbox_outcomes_total{outcome="suppressed"}': f"0x40 {grows(1, 50)}"},
        HOUR_AND_MORE,
    ),
    "DoorwardBreachCheckFails": counter('doorward_breach_checks_total{outcome="failed"}', enough=1),
    "DoorwardLogLinesAreLost": Case(
        {"doorward_log_lines_dropped_total": "0x18 9x2"}, {"doorward_log_lines_dropped_total": "9x20"}
    ),
    "DoorwardWorkersAreMissing": Case(
        {'doorward_workers{instance="a"}': "4x60 3x30"},
        {'doorward_workers{instance="a"}': "4x60 3x3 4x27"},
        HOUR_AND_MORE,
    ),
    "DoorwardRunsTwoVersions": Case(
        {
            'doorward_build_info{version="1", instance="a"}': stays(1, HOUR_AND_MORE),
            'doorward_build_info{version="2", instance="b"}': stays(1, HOUR_AND_MORE),
        },
        {
            'doorward_build_info{version="1", instance="a"}': stays(1, HOUR_AND_MORE),
            'doorward_build_info{version="2", instance="b"}': f"_x60 {stays(1, 30)}",
        },
        HOUR_AND_MORE,
    ),
}
