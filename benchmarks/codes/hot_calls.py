"""This version compared with another: /me and /refresh without a provider, and memory with all features on."""

import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import requests

from benchmarks.accounts import ME, REFRESH
from benchmarks.codes.site import EVERYTHING
from benchmarks.codes.targets import BEFORE, THIS, call_of, worker_of
from benchmarks.flows.rates import IN_FLIGHT, PASSWORD, PEOPLE, TOKEN, register, running_version
from benchmarks.flows.versions import Version, this_version, version_at
from benchmarks.load import CONNECTIONS, RefreshChain, RepeatedRequests, get, run_load
from benchmarks.plan import WARM_UP_SECONDS, Plan, report_progress
from benchmarks.processes import CALL_SECONDS, Running
from benchmarks.samples import Sample, Series
from development.postgres import EmbeddedPostgres

ROUNDS: Final = 3
"""Rounds for each round of the plan. More are needed, because the two versions should differ little."""

FULL: Final[Mapping[str, Mapping[str, str]]] = {
    THIS: EVERYTHING,
    BEFORE: {"PUBLIC_URL": EVERYTHING["PUBLIC_URL"]},
}
"""The settings with all features on; for the earlier version signing keys, account pages and passkeys."""


def measure_hot_calls(postgres: EmbeddedPostgres, before: str, plan: Plan, series: Series) -> None:
    """Load both in turns, each on its own database. ``before`` is a commit."""
    versions: Mapping[str, Version] = {THIS: this_version(), BEFORE: version_at(before)}
    with contextlib.ExitStack() as stack:
        services = {
            name: stack.enter_context(running_version(postgres, version, number))
            for number, (name, version) in enumerate(versions.items())
        }
        for service in services.values():
            register(service)
        report_progress(f"/me and /refresh of this version and of {versions[BEFORE].name}")
        _round(services, plan.seconds, Series())
        for number in range(plan.rounds * ROUNDS):
            # Each version is first in half of the rounds.
            turns = reversed(services.items()) if number % 2 else services.items()
            _round(dict(turns), plan.seconds, series)
    report_progress("memory of both with PUBLIC_URL")
    for number, (name, version) in enumerate(versions.items(), start=len(versions)):
        with running_version(postgres, version, number, FULL[name]) as service:
            register(service)
            _round({name: service}, WARM_UP_SECONDS, Series())
            series.add(worker_of(name), Sample(service.whole_memory_mb()))


def _round(services: Mapping[str, Running], seconds: float, series: Series) -> None:
    logins = {name: _log_in(service) for name, service in services.items()}
    for name, service in services.items():
        calls = [get(ME, authorization=f"Bearer {tokens['access_token']}") for tokens in logins[name]]
        series.add(call_of("/me", name), run_load(RepeatedRequests(calls, "@example.com"), service, seconds))
    for name, service in services.items():
        chain = RefreshChain([tokens["refresh_token"] for tokens in logins[name]], REFRESH)
        series.add(call_of("/refresh", name), run_load(chain, service, seconds))


def _log_in(service: Running) -> Sequence[Mapping[str, str]]:
    """Return the tokens of a new login for each connection."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(lambda number: _tokens(service, number % PEOPLE), range(CONNECTIONS)))


def _tokens(service: Running, number: int) -> Mapping[str, str]:
    form = {"username": f"person-{number}", "password": PASSWORD}
    answer = requests.post(f"{service.url}{TOKEN}", data=form, timeout=CALL_SECONDS)
    answer.raise_for_status()
    tokens: Mapping[str, str] = answer.json()
    return tokens
