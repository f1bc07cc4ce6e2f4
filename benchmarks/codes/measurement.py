"""All of it, on one PostgreSQL, in turns. Writes benchmarks/codes.md."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.accounts import Accounts, Mint, accounts
from benchmarks.codes import targets
from benchmarks.codes.visitors import REDIRECT_URI, sign_in
from benchmarks.limits.programs import bare_codes
from benchmarks.load import CONNECTIONS, require_wrk
from benchmarks.plan import Plan, say
from benchmarks.samples import Series
from benchmarks.service import UNREACHED_LIMIT, running_service
from benchmarks.speed import results
from benchmarks.speed.page import series_table, targets_table
from benchmarks.speed.rates import Contestant, add_balanced, measured
from benchmarks.tokens.provider import SETTINGS, run_command
from development.ports import free_port
from development.postgres import EmbeddedPostgres

USERS: Final = 1_000
NO_PASSWORD: Final = "*"  # noqa: S105 - no password has this hash
CODES_A_SECOND: Final = 2_000
"""More than any contestant redeems: each code works once."""

WITH_PAGES: Final = {**SETTINGS, "RATE_LIMIT_AUTHORIZE": UNREACHED_LIMIT}
PAGE: Final = Path("benchmarks/codes.md")
INTRODUCTION: Final = """\
# Signing in to applications

<!-- Written by `inv bench --part codes`. Do not edit. -->

Calls a second with 32 connections; service, PostgreSQL (fsync on, over TCP) and client share the machine. Medians of
rounds in turns. The application is a public client with PKCE; access tokens are signed with ES256, ID tokens with
RS256 (3072 bits). Compare ratios, never figures of two runs.
"""


def measure_codes(plan: Plan) -> None:
    """Measure, print, and write the page unless it was a quick look."""
    require_wrk()
    series = Series()
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(loopback_port=free_port()))
        people = stack.enter_context(accounts(postgres, USERS, NO_PASSWORD))
        url = postgres.loopback_url(people.connection.info.dbname)
        contestants = list(_contestants(stack, people, url, round(CODES_A_SECOND * plan.seconds)))
        say("warming up")
        for contestant in contestants:
            measured(contestant, plan.seconds)
        for number in range(plan.rounds):
            say(f"codes, round {number + 1} of {plan.rounds}")
            for contestant in contestants:
                add_balanced(series, contestant, plan.seconds)
    text = page_of(series)
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        say(f"written to {PAGE}")


def _contestants(stack: contextlib.ExitStack, people: Accounts, url: str, codes: int) -> Iterator[Contestant]:
    say("starting the service, and the limit")
    key = secrets.token_urlsafe(48)
    visitors = sign_in(people, key, _add_application(url, key))
    service = stack.enter_context(running_service(url, settings=WITH_PAGES, secret_key=key))
    bare = stack.enter_context(bare_codes(url))
    mint = Mint(key)
    count = people.session_count
    yield Contestant(targets.EXCHANGE, service, lambda: visitors.exchanges(codes), count)
    yield Contestant(targets.EXCHANGE_BARE, bare, lambda: visitors.bare_exchanges(codes), count)
    yield Contestant(targets.AUTHORIZE, service, lambda: visitors.authorizations(CONNECTIONS))
    yield Contestant(targets.ME, service, lambda: mint.me(people.sessions(CONNECTIONS)))


def _add_application(url: str, key: str) -> str:
    """Register a public client of the operator's own; return its id."""
    options = ["--auth-method", "none", "--redirect-uri", REDIRECT_URI, "--scope", "openid", "--first-party"]
    options += ["--grant", "authorization_code", "--grant", "refresh_token"]
    return run_command(url, key, "client", "add", "benchmark", *options).split("\t")[0]


def page_of(series: Series) -> str:
    """Return the page."""
    measured_figures = {target.name: target.figure(series) for target in targets.TARGETS if series.has(*target.needs)}
    document = {"figures": measured_figures, "series": results.summaries(series)}
    return "\n".join([INTRODUCTION, targets_table(document, targets.TARGETS), series_table(document)])
