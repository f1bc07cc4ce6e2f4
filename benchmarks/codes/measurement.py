"""All measurements of codes, on one PostgreSQL, in turns. Writes benchmarks/codes.md."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.accounts import TokenFactory, accounts
from benchmarks.codes import targets
from benchmarks.codes.first_paint import BrowserMissingError, measure_first_paint
from benchmarks.codes.hot_calls import measure_hot_calls
from benchmarks.codes.site import WITH_PAGES, Site, new_site
from benchmarks.codes.worker_memory import measure_worker_memory
from benchmarks.flows.measurement import processor_ratio
from benchmarks.limits.programs import bare_codes
from benchmarks.load import CONNECTIONS, require_wrk
from benchmarks.peers.code_server import CodeServer
from benchmarks.peers.glewlwyd_codes import glewlwyd_codes
from benchmarks.peers.hydra import hydra_codes
from benchmarks.peers.keycloak import keycloak_codes
from benchmarks.peers.oidc_provider_app import oidc_provider_codes
from benchmarks.peers.token_server import Start, started_peers
from benchmarks.plan import Plan, report_progress
from benchmarks.processes import Running
from benchmarks.samples import Sample, Series
from benchmarks.service import running_service
from benchmarks.speed import results
from benchmarks.speed.page import series_table, targets_table
from benchmarks.speed.rates import Subject, add_balanced, warm_up
from development.ports import free_port
from development.postgres import EmbeddedPostgres

USERS: Final = 1_000
NO_PASSWORD: Final = "*"  # noqa: S105 - no password has this hash
CODES_A_SECOND: Final = 1_000
"""More than the service or its limit redeems: each code works once."""

CODES_OF_PEERS_A_SECOND: Final = 100
"""Fewer than some peers redeem, whose rounds then end sooner: a peer's code costs several calls to make."""

PEERS: Final[Mapping[str, Start[CodeServer]]] = {
    targets.OIDC_PROVIDER: oidc_provider_codes,
    targets.GLEWLWYD: glewlwyd_codes,
    targets.KEYCLOAK: keycloak_codes,
    targets.HYDRA: hydra_codes,
}
MEMORIES: Final = {targets.EXCHANGE: targets.MEMORY, targets.exchange_of(targets.KEYCLOAK): targets.MEMORY_OF_KEYCLOAK}
"""The series of memory, by the subject whose processes it measures."""

BROWSER: Final = "the sign-in page in Chromium"
BEFORE: Final = "/me and /refresh beside the version before the provider"
PAGE: Final = Path("benchmarks/codes.md")
INTRODUCTION: Final = """\
# Signing in to applications

<!-- Written by `inv bench --part codes`. Do not edit. -->

Calls a second with 32 connections; service, peers, PostgreSQL (fsync on, over TCP) and client share the machine.
Medians of rounds in turns. The application is a public client with PKCE; access tokens are signed with ES256, ID tokens
with RS256 (3072 bits). A refresh gives a new refresh token and a new ID token (of glewlwyd, none). Compare ratios, not
figures of two runs: [docs/performance.md](../docs/performance.md) says how each peer is had and set up.
"""


def measure_codes(plan: Plan, before: str) -> None:
    """Measure, print, and write the page unless it was a quick run. ``before`` is a commit, or empty."""
    require_wrk()
    series, missing = Series(), dict[str, str]()
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(loopback_port=free_port()))
        people = stack.enter_context(accounts(postgres, USERS, NO_PASSWORD))
        site = new_site(postgres, people)
        with contextlib.ExitStack() as programs:
            subjects = list(_of_the_service(programs, site, plan.seconds))
            if plan.with_peers:
                subjects += _peers(programs, postgres, plan.seconds, missing)
            _measure(subjects, plan, series)
        measure_worker_memory(site, plan, series)
        try:
            measure_first_paint(site, plan, series)
        except BrowserMissingError as error:
            missing[BROWSER] = str(error)
        if before:
            measure_hot_calls(postgres, before, plan, series)
    text = page_of(series, missing)
    print(text)
    if not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


def _of_the_service(stack: contextlib.ExitStack, site: Site, seconds: float) -> Iterator[Subject]:
    report_progress("starting the service, and the limit")
    service = stack.enter_context(running_service(site.url, settings=WITH_PAGES, secret_key=site.key))
    bare = stack.enter_context(bare_codes(site.url))
    factory, server = TokenFactory(site.key), site.server(service)
    server.require_tokens()
    codes, count = round(CODES_A_SECOND * seconds), site.people.session_count
    yield Subject(targets.EXCHANGE, service, lambda: server.exchanges(codes), count)
    yield Subject(targets.EXCHANGE_BARE, bare, lambda: site.visitors.bare_exchanges(codes), count)
    yield Subject(targets.REFRESH, service, server.refreshes, site.people.rotations)
    yield Subject(targets.AUTHORIZE, service, lambda: site.visitors.authorizations(CONNECTIONS))
    yield Subject(targets.ME, service, lambda: factory.me(site.people.sessions(CONNECTIONS)))


def _peers(
    stack: contextlib.ExitStack, postgres: EmbeddedPostgres, seconds: float, missing: dict[str, str]
) -> Iterator[Subject]:
    for name, server in started_peers(stack, postgres, PEERS, missing):
        server.require_tokens()
        yield from _calls_of_peer(name, server, round(CODES_OF_PEERS_A_SECOND * seconds))


def _calls_of_peer(name: str, server: CodeServer, codes: int) -> Sequence[Subject]:
    return [
        Subject(targets.exchange_of(name), server.process, lambda: server.exchanges(codes)),
        Subject(targets.refresh_of(name), server.process, server.refreshes),
    ]


def _measure(subjects: Sequence[Subject], plan: Plan, series: Series) -> None:
    for subject in subjects:
        report_progress(f"warming up: {subject.name}")
        warm_up(subject, plan.seconds)
    for number in range(plan.rounds):
        report_progress(f"codes, round {number + 1} of {plan.rounds}")
        for subject in subjects:
            add_balanced(series, subject, plan.seconds)
    processes: Mapping[str, Running] = {subject.name: subject.process for subject in subjects}
    for name in MEMORIES.keys() & processes.keys():
        series.add(MEMORIES[name], Sample(processes[name].whole_memory_mb()))


def page_of(series: Series, missing: Mapping[str, str]) -> str:
    """Return the page. ``missing`` has the reasons for missing measurements, all of which the page lists."""
    measured_figures = {target.name: target.figure(series) for target in targets.TARGETS if series.has(*target.needs)}
    document = {"figures": measured_figures, "series": results.summaries(series)}
    parts = [INTRODUCTION, targets_table(document, targets.TARGETS), series_table(document)]
    for call in ("/me", "/refresh"):
        names = [targets.call_of(call, version) for version in (targets.THIS, targets.BEFORE)]
        if series.has(*names):
            ratio = processor_ratio(series, *names)
            parts.append(f"{call} by processor time, which a busy machine changes least: {ratio:.3f}.\n")
    proofs = {
        **{name: targets.exchange_of(name) for name in PEERS},
        BROWSER: targets.PAINT,
        BEFORE: targets.call_of("/me", targets.BEFORE),
    }
    absent = [name for name, proof in proofs.items() if not series.has(proof)]
    parts += [f"Not measured: {name} ({missing.get(name, 'not asked for')}).\n" for name in absent]
    return "\n".join(parts)
