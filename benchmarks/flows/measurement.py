"""All measurements of account flows, on one PostgreSQL. Writes benchmarks/accounts.md."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import psycopg

from benchmarks.flows.claims import (
    ASIDE,
    BATCHES,
    BLOCKED,
    BLOCKED_CLAIM,
    CLAIM_BEHIND,
    WAITING,
    measure_claims,
    name_of,
)
from benchmarks.flows.rates import login_series, measure_forgot, measure_logins_of, settings_with_mail
from benchmarks.flows.statements import BUDGETS, Cost, Flows, StatementLog
from benchmarks.flows.versions import Version, this_version, version_at
from benchmarks.load import require_wrk
from benchmarks.markdown import table
from benchmarks.plan import Plan, report_progress
from benchmarks.processes import running
from benchmarks.samples import Series
from benchmarks.service import Service, serve_command
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate

PROCESSOR_HEADING: Final = "µs of processor per call"
PAGE: Final = Path("benchmarks/accounts.md")
INTRODUCTION: Final = """\
# The flows of accounts

<!-- Written by `inv bench --part accounts`. Do not edit. -->

One worker with production settings; service, PostgreSQL (fsync on) and client share the machine. Medians of rounds in
turns. Absolute figures are this machine's: the ratios, statements and commits are what holds elsewhere.
"""


def measure_accounts(plan: Plan, before: str) -> None:
    """Measure, print, and write the page unless it was a quick run. ``before`` is a commit, or empty."""
    require_wrk()
    versions = [this_version(), *([version_at(before)] if before else [])]
    series = Series()
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres())
        service, url = stack.enter_context(_service_with_mail(postgres, "doorward_flows"))
        report_progress("claims of the outbox")
        asyncio.run(measure_claims(url, plan.rounds, series))
        report_progress("requests for a reset")
        measure_forgot(service, plan.rounds, plan.seconds, series)
        report_progress("statements of each flow")
        costs = _costs(postgres)
        report_progress("logins")
        measure_logins_of(postgres, versions, plan.rounds, plan.logins, series)
    text = "\n".join([INTRODUCTION, *_tables(costs, series, versions)])
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


def _costs(postgres: EmbeddedPostgres) -> Mapping[str, Cost]:
    """Measure a service on its own database, because logging statements costs time."""
    with (
        psycopg.connect(postgres.url(), autocommit=True) as connection,
        _service_with_mail(postgres, "doorward_statements", ("SET log_statement = 'all'",)) as (service, url),
    ):
        return dict(Flows(service, url, service.secret_key).costs(StatementLog(connection)))


@contextlib.contextmanager
def _service_with_mail(
    postgres: EmbeddedPostgres, name: str, changes: Sequence[str] = ()
) -> Iterator[tuple[Service, str]]:
    url, secret_key = postgres.url(name), secrets.token_urlsafe(48)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        migrate(url)
        for change in changes:
            connection.execute(f"ALTER DATABASE {name} {change}".encode())
    with running(serve_command(), settings_with_mail(url, secret_key), ready="/health/readiness") as process:
        yield Service(process.port, process.pid, 1, secret_key), url


def _tables(costs: Mapping[str, Cost], series: Series, versions: Sequence[Version]) -> Iterator[str]:
    yield "## Statements and commits\n\nWithout BEGIN and COMMIT; commits are transactions that wrote. Mail is on.\n"
    rows = [[name, _cost(cost), _cost(Cost(*BUDGETS[name]))] for name, cost in costs.items()]
    yield table([["Flow", "statements/commits", "at most"], *rows])
    yield "## Claims of the outbox\n\nBy one process, messages a second.\n"
    claims = [[str(batch), *(rate(series, name_of(waiting, batch)) for waiting in WAITING)] for batch in BATCHES]
    yield table([["Messages of a claim", *(f"{waiting:,} waiting" for waiting in WAITING)], *claims])
    yield f"{BLOCKED:,} blocked messages of a webhook in front of one that is due, milliseconds of one statement:\n"
    blocked = [[name, f"{series.median(name):.1f}"] for name in (BLOCKED_CLAIM, ASIDE, CLAIM_BEHIND)]
    yield table([["Statement", "ms"], *blocked])
    yield "## Calls a second\n"
    names = [login_series(each) for each in versions] + ["forgot: unknown addresses", "forgot: one known address"]
    yield table([["Call", "a second", PROCESSOR_HEADING], *([n, rate(series, n), busy(series, n)] for n in names)])
    if len(versions) > 1:
        this, other = (login_series(each) for each in versions)
        processor = processor_ratio(series, this, other)
        yield f"Logins of this version by those of {versions[1].name}: {series.ratio(this, other):.3f} (to be at least"
        yield f"0.97); by processor time, which a busy machine changes least, {processor:.3f}.\n"


def _cost(cost: Cost) -> str:
    return f"{cost.statements}/{cost.commits}"


def rate(series: Series, name: str) -> str:
    """Return the rate per second."""
    value = series.median(name)
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 - digits that mean something


def busy(series: Series, name: str) -> str:
    """Return the CPU time per call, in microseconds."""
    return f"{_processor_us(series, name):,.0f}"


def processor_ratio(series: Series, name: str, of: str) -> float:
    """Return the ratio of calls of ``name`` to calls of ``of`` in the same CPU time: more is better, as for rates."""
    return _processor_us(series, of) / _processor_us(series, name)


def _processor_us(series: Series, name: str) -> float:
    return median(sum(each.busy) / each.value * 1e6 for each in series.samples[name] if each.value)
