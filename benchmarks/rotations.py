"""Batched rotation of refresh tokens beside one statement for each refresh. Writes benchmarks/rotations.md.

Both are in the product. A refresh by form that names no scope joins a batch, as `/refresh` does; one that names the
scope of its session is rotated by a statement of its own. All else about the two calls is the same.
"""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.accounts import REFRESH, TOKEN, Accounts, TokenFactory, accounts, password_hash
from benchmarks.flows.measurement import PROCESSOR_HEADING, busy, processor_ratio, rate
from benchmarks.load import RefreshChain, require_wrk, run_load
from benchmarks.markdown import table
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Series
from benchmarks.service import LIMITS_OUT_OF_REACH, Service, running_service
from development.postgres import EmbeddedPostgres

PAGE: Final = Path("benchmarks/rotations.md")
USERS: Final = 10_000
CHEAP_ROUNDS: Final = 4
CONNECTIONS: Final = (1, 16, 64)
BATCHED: Final = "batched, by form"
ALONE: Final = "one statement each, by form"
DIRECT: Final = "batched, `/refresh`"
FORM: Final[Mapping[str, str]] = {"grant_type": "refresh_token"}
CALLS: Final[Mapping[str, tuple[str, Mapping[str, str] | None]]] = {
    BATCHED: (TOKEN, FORM),
    ALONE: (TOKEN, {**FORM, "scope": "account"}),
    DIRECT: (REFRESH, None),
}
INTRODUCTION: Final = """\
# Batched rotation beside one statement for each refresh

<!-- Written by `inv bench --part rotations`. Do not edit. -->

One worker with production settings; service, PostgreSQL (fsync on) and client share the machine. Medians of rounds in
turns. A refresh by form with `scope=account` is rotated by a statement and a commit of its own, one without joins a
batch: the calls are the same otherwise. Absolute figures are this machine's: the ratios are what holds elsewhere.
"""


def measure_rotations(plan: Plan) -> None:
    """Measure, print, and write the page unless it was a quick look."""
    require_wrk()
    series = Series()
    hashed = password_hash(secrets.token_urlsafe(18), CHEAP_ROUNDS)
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres())
        people = stack.enter_context(accounts(postgres, USERS, hashed))
        service = stack.enter_context(running_service(people.url, settings=LIMITS_OUT_OF_REACH))
        for number in range(-1, plan.rounds):
            report_progress(f"refreshes, round {number + 1} of {plan.rounds}")
            # The first round warms up and is not kept.
            _measure_round(service, people, plan.seconds, Series() if number < 0 else series)
    text = "\n".join([INTRODUCTION, *_tables(series)])
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


def _measure_round(service: Service, people: Accounts, seconds: float, series: Series) -> None:
    factory = TokenFactory(service.secret_key)
    for connections in CONNECTIONS:
        for name, (path, form) in CALLS.items():
            tokens = [factory.refresh_token(session) for session in people.sessions(connections)]
            before = people.rotations()
            sample = run_load(RefreshChain(tokens, path, form=form), service, seconds, connections)
            rotated = people.rotations() - before
            if sample.failed or rotated < sample.answers:
                raise RuntimeError(f"{name}: {sample.failed} of {sample.answers} answers failed, {rotated} rotations")
            series.add(_series(name, connections), sample)


def _series(name: str, connections: int) -> str:
    return f"{name}, {connections}"


def _tables(series: Series) -> Sequence[str]:
    rates = [[name, *(rate(series, _series(name, each)) for each in CONNECTIONS)] for name in CALLS]
    processor = [[name, *(busy(series, _series(name, each)) for each in CONNECTIONS)] for name in CALLS]
    by_rate = [f"{series.ratio(_series(BATCHED, each), _series(ALONE, each)):.2f}" for each in CONNECTIONS]
    by_processor = [
        f"{processor_ratio(series, _series(BATCHED, each), _series(ALONE, each)):.2f}" for each in CONNECTIONS
    ]
    clients = [str(each) for each in CONNECTIONS]
    return [
        "## Refreshes a second, by clients at a time\n",
        table([["Call", *clients], *rates, [f"{BATCHED} / {ALONE}", *by_rate]]),
        f"## {PROCESSOR_HEADING} of the worker\n",
        table([["Call", *clients], *processor, [f"{ALONE} / {BATCHED}", *by_processor]]),
    ]
