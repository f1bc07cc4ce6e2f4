"""All parts of the speed measurement, in order, on one PostgreSQL."""

import secrets
from collections.abc import Callable
from typing import Final

from benchmarks.accounts import Accounts, accounts, password_hash
from benchmarks.load import require_wrk
from benchmarks.plan import Plan
from benchmarks.samples import Series
from benchmarks.speed.growth import measure_growth
from benchmarks.speed.login_storm import ROUNDS_OF_BCRYPT, measure_login_storm, measure_token_of_peers
from benchmarks.speed.memory import measure_memory
from benchmarks.speed.rates import measure_rates
from benchmarks.speed.starting import measure_start
from benchmarks.speed.storage import measure_storage
from development.postgres import EmbeddedPostgres

USERS: Final = 10_000
CHEAP_ROUNDS: Final = 4
PARTS: Final = ("rates", "logins", "start", "storage", "growth", "memory")
"""In the order of execution."""


def measure_speed(parts: frozenset[str], plan: Plan) -> Series:
    """Measure these parts; each starts the programs that it needs and ends them."""
    require_wrk()
    series = Series()
    password = secrets.token_urlsafe(18)
    with EmbeddedPostgres() as postgres, accounts(postgres, USERS, password_hash(password, ROUNDS_OF_BCRYPT)) as people:
        steps = _steps(postgres, people, password, plan, series)
        for part in PARTS:
            if part in parts:
                steps[part]()
    return series


def _steps(
    postgres: EmbeddedPostgres, people: Accounts, password: str, plan: Plan, series: Series
) -> dict[str, Callable[[], None]]:
    def logins() -> None:
        measure_login_storm(people, password, plan, series)
        if plan.with_peers and not plan.is_quick:
            measure_token_of_peers(postgres, plan, series)

    return {
        "rates": lambda: measure_rates(postgres, people, plan, series),
        "logins": logins,
        "start": lambda: measure_start(people, plan, series),
        "storage": lambda: measure_storage(people, series),
        "growth": lambda: measure_growth(postgres, password, password_hash(password, CHEAP_ROUNDS), plan, series),
        "memory": lambda: measure_memory(people, plan, series),
    }
