"""/me and /refresh: the service, the limits and the peers, in turns, for several rounds."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory
from benchmarks.limits import programs
from benchmarks.limits.pgbench import rotations_per_second, session_lookups_per_second
from benchmarks.load import CONNECTIONS, Load, run_load
from benchmarks.peers.glewlwyd import glewlwyd
from benchmarks.peers.programs import better_auth, django, fastapi_users
from benchmarks.plan import Plan, report_progress
from benchmarks.processes import Running
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, Service, running_service
from development.postgres import EmbeddedPostgres

MINIMUM_WORKER_BALANCE: Final = 0.5
"""Minimum ratio at which two workers count as both busy. Persistent connections can all land on one."""

ATTEMPTS: Final = 6
MINIMUM_WARM_UPS: Final = 3
MAXIMUM_WARM_UPS: Final = 12
"""Maximum loads before the first round, each as long as a round."""

STILL_WARMING: Final = 1.1
"""How much faster than all before it a load must be to add another warm-up: Java compiles its code for a long time."""


@dataclass(frozen=True)
class Subject:
    """One bar of the plot. ``rotations`` counts, in the database, how many refresh tokens were exchanged so far.

    ``is_extra``: no target needs it, so a quick run leaves it out.
    """

    name: str
    process: Running
    load: Callable[[], Load]
    rotations: Callable[[], int] | None = None
    is_extra: bool = False


class InconsistentLoadError(Exception):
    """The database counted fewer rotations than the load generator, or more than it can have sent."""


def measure_rates(postgres: EmbeddedPostgres, accounts: Accounts, plan: Plan, series: Series) -> None:
    """Measure all subjects."""
    with contextlib.ExitStack() as stack:
        report_progress(
            "starting the service with 1 and 2 workers, the limits" + (" and the peers" if plan.with_peers else "")
        )
        subjects = [*_of_the_service(stack, accounts), *_limits(stack, accounts)]
        if plan.with_peers:
            subjects += _peers(stack, postgres)
        if plan.with_peers and not plan.is_quick:
            subjects += _extra_peers(stack, postgres)
        if plan.is_quick:
            subjects = [subject for subject in subjects if not subject.is_extra]
        report_progress("warming up")
        for subject in subjects:
            # As long as a round, so that just-in-time compilation, as in Node, is done by then.
            measured(subject, plan.seconds)
        for number in range(plan.rounds):
            report_progress(f"/me and /refresh, round {number + 1} of {plan.rounds}")
            for subject in subjects:
                add_balanced(series, subject, plan.seconds)
            if not plan.is_quick:
                series.add("/me: L2 pgbench", Sample(session_lookups_per_second(accounts, plan.seconds)))
                series.add("/refresh: L2 pgbench", Sample(rotations_per_second(accounts, plan.seconds)))
        one_worker = subjects[0].process
        series.add("memory: after the run", Sample(one_worker.memory_mb()))


def _of_the_service(stack: contextlib.ExitStack, accounts: Accounts) -> Iterator[Subject]:
    for workers, suffix in ((1, ""), (2, ", 2 workers")):
        service = stack.enter_context(running_service(accounts.url, workers=workers, settings=LIMITS_OUT_OF_REACH))
        yield from _calls_of_service(service, accounts, suffix)


def _calls_of_service(service: Service, accounts: Accounts, suffix: str) -> Sequence[Subject]:
    factory = TokenFactory(service.secret_key)
    return [
        Subject(f"/me: doorward{suffix}", service, lambda: factory.me(accounts.sessions(CONNECTIONS))),
        Subject(
            f"/refresh: doorward{suffix}",
            service,
            lambda: factory.refresh(accounts.sessions(CONNECTIONS)),
            accounts.rotations,
        ),
    ]


def _limits(stack: contextlib.ExitStack, accounts: Accounts) -> Sequence[Subject]:
    bare_asgi = stack.enter_context(programs.bare_asgi(accounts.url))
    bare_starlette = stack.enter_context(programs.bare_starlette())
    return [
        Subject("/me: L1 bare ASGI", bare_asgi, lambda: programs.me_of_bare_asgi(accounts.sessions(CONNECTIONS))),
        Subject(
            "/refresh: L1 bare ASGI",
            bare_asgi,
            lambda: programs.refresh_of_bare_asgi(accounts.sessions(CONNECTIONS)),
            accounts.rotations,
        ),
        Subject("/me: L4 bare Starlette", bare_starlette, programs.hello_of_bare_starlette),
    ]


def _peers(stack: contextlib.ExitStack, postgres: EmbeddedPostgres) -> Iterator[Subject]:
    users = stack.enter_context(fastapi_users(postgres))
    yield Subject("/me: fastapi-users, JWT", users.process, lambda: users.me["jwt"])
    yield Subject("/me: fastapi-users, database", users.process, lambda: users.me["database"], is_extra=True)
    site = stack.enter_context(django(postgres, workers=2))
    yield Subject("/me: Django REST, 2 workers", site.process, site.me_requests, is_extra=True)
    yield Subject(
        "/refresh: simplejwt, 2 workers", site.process, lambda: site.refresh_chain(CONNECTIONS), site.rotations
    )
    better = stack.enter_context(better_auth(postgres))
    if better is not None:
        yield Subject("/me: better-auth", better.process, lambda: better.me["better-auth"])


def _extra_peers(stack: contextlib.ExitStack, postgres: EmbeddedPostgres) -> Iterator[Subject]:
    """Yield the peers that a quick run does not start."""
    server = stack.enter_context(glewlwyd(postgres))
    if server is not None:
        yield Subject("/me: glewlwyd", server.process, lambda: server.me, is_extra=True)
        yield Subject(
            "/refresh: glewlwyd",
            server.process,
            lambda: server.refresh_chain(CONNECTIONS),
            server.rotations,
            is_extra=True,
        )


def add_balanced(series: Series, subject: Subject, seconds: float) -> None:
    """Add a sample in which all workers were busy; none if there was none, because it would not be comparable."""
    for _ in range(ATTEMPTS):
        sample = measured(subject, seconds)
        if sample.worker_balance >= MINIMUM_WORKER_BALANCE:
            series.add(subject.name, sample)
            return
    report_progress(f"not counted: {subject.name}, of which one worker did nearly all")


def warm_up(subject: Subject, seconds: float) -> None:
    """Load a subject until it gets no faster, up to ``MAXIMUM_WARM_UPS`` times."""
    fastest = 0.0
    for number in range(1, MAXIMUM_WARM_UPS + 1):
        rate = measured(subject, seconds).value
        if number >= MINIMUM_WARM_UPS and rate <= fastest * STILL_WARMING:
            return
        fastest = max(fastest, rate)


def measured(subject: Subject, seconds: float) -> Sample:
    """Load a subject for some seconds. Raises ``InconsistentLoadError`` if the database counts otherwise."""
    load = subject.load()
    if subject.rotations is None:
        return run_load(load, subject.process, seconds)
    before = subject.rotations()
    sample = run_load(load, subject.process, seconds)
    counted, answered = subject.rotations() - before, sample.answers - sample.failed
    # Calls in progress at the end of the load were rotated, too, but their answers were not counted.
    if not answered <= counted <= answered + sample.failed + CONNECTIONS:
        raise InconsistentLoadError(f"{subject.name}: {answered} answers, {counted} rotations")
    return sample
