"""The same calls at a thousand, a hundred thousand and a million users: their speed should not change."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.accounts import Accounts, TokenFactory, accounts, logins
from benchmarks.load import CONNECTIONS, RepeatedRequests, run_load
from benchmarks.plan import WARM_UP_SECONDS, Plan, report_progress
from benchmarks.samples import Series
from benchmarks.service import LIMITS_OUT_OF_REACH, Service, running_service
from development.postgres import EmbeddedPostgres

SIZES: Final = (1_000, 100_000, 1_000_000)
CALLERS: Final = 1_000
"""Calling users, in turns, across the whole table."""

CHEAP_LOGINS: Final = {**LIMITS_OUT_OF_REACH, "ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4"}
"""Settings with a low bcrypt cost, so that a login is mostly a lookup. Production refuses so low a cost."""


@dataclass(frozen=True)
class _Site:
    size: int
    accounts: Accounts
    service: Service
    with_cheap_logins: Service


def measure_growth(postgres: EmbeddedPostgres, password: str, cheap_hash: str, plan: Plan, series: Series) -> None:
    """Measure all sizes in turns."""
    sites: list[_Site] = []
    with contextlib.ExitStack() as stack:
        for size in SIZES:
            report_progress(f"making {size:,} users")
            made = stack.enter_context(accounts(postgres, size, cheap_hash))
            service = stack.enter_context(running_service(made.url, settings=LIMITS_OUT_OF_REACH))
            cheap = stack.enter_context(running_service(made.url, settings=CHEAP_LOGINS))
            sites.append(_Site(size, made, service, cheap))
        _round(sites, password, WARM_UP_SECONDS, Series())
        for number in range(plan.rounds):
            report_progress(f"growth, round {number + 1} of {plan.rounds}")
            _round(sites, password, plan.seconds, series)


def _round(sites: Sequence[_Site], password: str, seconds: float, series: Series) -> None:
    for site in sites:
        callers = site.accounts.sessions(CALLERS)
        factory = TokenFactory(site.service.secret_key)
        series.add(f"/me at {site.size:,} users", run_load(factory.me(callers), site.service, seconds))
    for site in sites:
        factory = TokenFactory(site.service.secret_key)
        chain = factory.refresh(site.accounts.sessions(CALLERS))
        series.add(f"/refresh at {site.size:,} users", run_load(chain, site.service, seconds))
        site.accounts.rotations()
    for site in sites:
        calls = logins(site.accounts.sessions(CALLERS), password)
        load = RepeatedRequests([call.request() for call in calls], calls[0].expected)
        series.add(f"/token at {site.size:,} users", run_load(load, site.with_cheap_logins, seconds, CONNECTIONS))
