"""Logins: alone, compared with bcrypt and the peers; and the effect of fifty concurrent logins on other calls."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory, logins
from benchmarks.limits.hashing import hashes_per_second
from benchmarks.load import CONNECTIONS, run_load
from benchmarks.logins import LoginCall, logging_in, measure_logins
from benchmarks.peers.programs import DEFAULT, better_auth, django, fastapi_users
from benchmarks.plan import WARM_UP_SECONDS, Plan, report_progress
from benchmarks.processes import Running
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, Service, running_service
from development.postgres import EmbeddedPostgres

ROUNDS_OF_BCRYPT: Final = 12
STORM_CONNECTIONS: Final = 16
"""Connections of calls that are not logins."""

LOGINS_IN_FLIGHT: Final = 50
LOGINS_ALONE: Final = 8


def measure_token_of_peers(postgres: EmbeddedPostgres, plan: Plan, series: Series) -> None:
    """Measure logins of the peers, with their own hashes and with bcrypt's cost 12 if that can be configured."""
    with contextlib.ExitStack() as stack:
        report_progress("starting the peers")
        peers = list(_peers(stack, postgres))
        for number in range(plan.rounds):
            report_progress(f"logins of peers, round {number + 1} of {plan.rounds}")
            for name, process, calls in peers:
                series.add(f"/token: {name}", measure_logins(process, calls, LOGINS_ALONE, plan.logins))


def measure_login_storm(accounts: Accounts, password: str, plan: Plan, series: Series) -> None:
    """Measure in turns: bcrypt alone, logins alone, the hot calls alone, and the hot calls during fifty logins."""
    calls = logins(accounts.sessions(LOGINS_IN_FLIGHT), password)
    with running_service(accounts.url, settings=LIMITS_OUT_OF_REACH) as service:
        _add_both(service, accounts, WARM_UP_SECONDS, Series(), "")
        for number in range(plan.rounds):
            report_progress(f"logins, alone and as a storm, round {number + 1} of {plan.rounds}")
            series.add("/token: L3 bcrypt", Sample(hashes_per_second(ROUNDS_OF_BCRYPT, plan.logins)))
            series.add("/token: doorward", measure_logins(service, calls, LOGINS_ALONE, plan.logins))
            _add_both(service, accounts, plan.seconds, series, "quiet")
            with logging_in(service, calls, LOGINS_IN_FLIGHT) as storm:
                time.sleep(WARM_UP_SECONDS)
                began = time.monotonic()
                _add_both(service, accounts, plan.seconds, series, "storm")
                entered = storm.rate(began, time.monotonic())
            series.add("storm: logins", Sample(entered, failed=storm.failed, answers=len(storm.ended_at)))


def _add_both(service: Service, accounts: Accounts, seconds: float, series: Series, when: str) -> None:
    factory = TokenFactory(service.secret_key)
    for name, make in (("/me", factory.me), ("/refresh", factory.refresh)):
        sessions = accounts.sessions(CONNECTIONS)[:STORM_CONNECTIONS]
        series.add(f"{when}: {name}", run_load(make(sessions), service, seconds, STORM_CONNECTIONS))
        # Waits for calls in progress before the next tokens are created.
        accounts.rotations()


def _peers(
    stack: contextlib.ExitStack, postgres: EmbeddedPostgres
) -> Iterator[tuple[str, Running, Sequence[LoginCall]]]:
    for hashing, suffix in ((DEFAULT, ""), ("bcrypt", ", bcrypt 12")):
        users = stack.enter_context(fastapi_users(postgres, hashing))
        yield f"fastapi-users{suffix}", users.process, users.logins
        site = stack.enter_context(django(postgres, workers=2, password_hash=hashing))
        yield f"Django, 2 workers{suffix}", site.process, site.logins
    better = stack.enter_context(better_auth(postgres))
    if better is not None:
        yield "better-auth", better.process, better.logins
