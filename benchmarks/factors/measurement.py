"""Both comparisons, on one PostgreSQL. Writes benchmarks/second-factors.md."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.factors.passkeys import BY_PASSKEY, BY_PASSWORD, COST, IN_FLIGHT, measure_passkeys
from benchmarks.flows.measurement import PROCESSOR_HEADING, busy, processor_ratio, rate
from benchmarks.flows.rates import login_series, measure_logins_of
from benchmarks.flows.versions import Version, this_version, version_at
from benchmarks.load import require_wrk
from benchmarks.markdown import table
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Series
from development.postgres import EmbeddedPostgres

PAGE: Final = Path("benchmarks/second-factors.md")
INTRODUCTION: Final = """\
# Logins beside second factors

<!-- Written by `inv bench --part factors`. Do not edit. -->

One worker with production settings; service, PostgreSQL (fsync on) and client share the machine. Medians of rounds in
turns. Absolute figures are this machine's: the ratios are what holds elsewhere.
"""


def measure_factors(plan: Plan, before: str) -> None:
    """Measure, print, and write the page unless it was a quick run. ``before`` is a commit, or empty."""
    require_wrk()
    versions = [this_version(), *([version_at(before)] if before else [])]
    series = Series()
    with EmbeddedPostgres() as postgres:
        report_progress("passkeys and passwords")
        measure_passkeys(postgres, plan, series)
        report_progress("logins of users without a second factor")
        measure_logins_of(postgres, versions, plan.rounds, plan.logins, series)
    load = f"The machine's load average at the end: {os.getloadavg()[0]:.0f}, on {os.cpu_count()} cores.\n"
    text = "\n".join([INTRODUCTION, load, *_tables(series, versions)])
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


def _tables(series: Series, versions: Sequence[Version]) -> Iterator[str]:
    yield "## A passkey and a password\n"
    yield f"{IN_FLIGHT} connections to one service, bcrypt at cost {COST}. The passkeys verify their users.\n"
    yield table([["Login", "a second", PROCESSOR_HEADING], *_rows(series, [BY_PASSKEY, BY_PASSWORD])])
    times = series.ratio(BY_PASSKEY, BY_PASSWORD)
    yield f"Logins by a passkey by those by a password: {times:.0f} (to be at least 20); by processor time"
    yield f"{processor_ratio(series, BY_PASSKEY, BY_PASSWORD):.0f}. Hashes give way to whatever else runs,"
    yield "which makes the first figure greater on a busy machine.\n"
    yield "## The password of users without a second factor\n"
    names = [login_series(each) for each in versions]
    yield table([["Login", "a second", PROCESSOR_HEADING], *_rows(series, names)])
    if len(versions) > 1:
        yield f"Logins of this version by those of {versions[1].name}: {series.ratio(*names):.3f} (to be at least"
        yield f"0.97); by processor time, which a busy machine changes least, {processor_ratio(series, *names):.3f}.\n"


def _rows(series: Series, names: Sequence[str]) -> list[list[str]]:
    return [[name, rate(series, name), busy(series, name)] for name in names]
