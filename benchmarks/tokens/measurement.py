"""All measurements of tokens, on one PostgreSQL, in turns. Writes benchmarks/tokens.md."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory, accounts
from benchmarks.limits.programs import bare_tokens
from benchmarks.load import CONNECTIONS, require_wrk
from benchmarks.peers.glewlwyd import glewlwyd_tokens
from benchmarks.peers.hydra import hydra
from benchmarks.peers.keycloak import keycloak
from benchmarks.peers.oidc_provider_app import oidc_provider
from benchmarks.peers.token_server import Start, TokenServer, started_peers, token_calls
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Series
from benchmarks.service import Service, running_service
from benchmarks.speed import results
from benchmarks.speed.page import series_table, targets_table
from benchmarks.speed.rates import Subject, add_balanced, warm_up
from benchmarks.tokens import targets
from benchmarks.tokens.provider import (
    SETTINGS,
    TOKEN,
    WITH_ES256,
    add_clients,
    introspections,
    introspections_of_logins,
    link_logins,
    me_after_refresh,
)
from development.ports import free_port
from development.postgres import EmbeddedPostgres

USERS: Final = 1_000
NO_PASSWORD: Final = "*"  # noqa: S105 - no password has this hash
PAGE: Final = Path("benchmarks/tokens.md")
PEERS: Final[Mapping[str, Start[TokenServer]]] = {
    targets.GLEWLWYD: glewlwyd_tokens,
    targets.OIDC_PROVIDER: oidc_provider,
    targets.KEYCLOAK: keycloak,
    targets.HYDRA: hydra,
}
INTRODUCTION: Final = """\
# Tokens of clients

<!-- Written by `inv bench --part tokens`. Do not edit. -->

Calls a second with 32 connections; service, peers, PostgreSQL (fsync on, over TCP) and client share the machine.
Medians of rounds in turns. All tokens are signed with ES256. Compare ratios, never figures of two runs:
[docs/performance.md](../docs/performance.md) says how each peer is had and set up.
"""


def measure_tokens(plan: Plan) -> None:
    """Measure, print, and write the page unless it was a quick run."""
    require_wrk()
    series, missing = Series(), dict[str, str]()
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(loopback_port=free_port()))
        people = stack.enter_context(accounts(postgres, USERS, NO_PASSWORD))
        subjects = list(_of_the_service(stack, postgres, people))
        if plan.with_peers:
            subjects += _peers(stack, postgres, missing)
        report_progress("warming up")
        for subject in subjects:
            warm_up(subject, plan.seconds)
        for number in range(plan.rounds):
            report_progress(f"tokens, round {number + 1} of {plan.rounds}")
            for subject in subjects:
                add_balanced(series, subject, plan.seconds)
    text = page_of(series, missing)
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


def _of_the_service(stack: contextlib.ExitStack, postgres: EmbeddedPostgres, people: Accounts) -> Iterator[Subject]:
    report_progress("starting the service, with HS256 and ES256, and the limit")
    url, key = postgres.loopback_url(people.connection.info.dbname), secrets.token_urlsafe(48)
    clients = add_clients(url, key)

    def start(settings: Mapping[str, str], workers: int = 1) -> Service:
        return stack.enter_context(running_service(url, workers=workers, settings=settings, secret_key=key))

    service, two, with_es256 = start(SETTINGS), start(SETTINGS, 2), start(WITH_ES256)
    server = TokenServer(service, TOKEN, clients)
    server.require_algorithm()
    yield Subject(targets.DOORWARD, service, server.load)
    yield Subject(targets.DOORWARD_2, two, TokenServer(two, TOKEN, clients).load)
    bare = stack.enter_context(bare_tokens(url))
    yield Subject(targets.BARE, bare, lambda: token_calls("/", clients))
    yield Subject(targets.INTROSPECTION, service, lambda: introspections(server))
    link_logins(url, key, next(iter(clients)))
    of_logins = partial(introspections_of_logins, server, service, people)
    yield Subject(targets.INTROSPECTION_OF_LOGINS, service, of_logins)
    yield from _first_party(service, people, targets.ME, targets.REFRESH)
    yield from _first_party(with_es256, people, targets.ME_ES256, targets.REFRESH_ES256)


def _first_party(service: Service, people: Accounts, me: str, refresh: str) -> Sequence[Subject]:
    factory = TokenFactory(service.secret_key)
    return [
        Subject(me, service, lambda: me_after_refresh(service, people)),
        Subject(refresh, service, lambda: factory.refresh(people.sessions(CONNECTIONS)), people.rotations),
    ]


def _peers(stack: contextlib.ExitStack, postgres: EmbeddedPostgres, missing: dict[str, str]) -> Iterator[Subject]:
    for name, server in started_peers(stack, postgres, PEERS, missing):
        server.require_algorithm()
        yield Subject(name, server.process, server.load)


def page_of(series: Series, missing: Mapping[str, str]) -> str:
    """Return the page. ``missing`` has the reasons for missing peers, all of which the page lists."""
    measured_figures = {target.name: target.figure(series) for target in targets.TARGETS if series.has(*target.needs)}
    document = {"figures": measured_figures, "series": results.summaries(series)}
    parts = [INTRODUCTION, targets_table(document, targets.TARGETS), series_table(document)]
    absent = [name for name in PEERS if not series.has(name)]
    parts += [
        f"Not measured: {name.removeprefix('tokens: ')} ({missing.get(name, 'not asked for')}).\n" for name in absent
    ]
    return "\n".join(parts)
