"""One replica on one core under the mix; PostgreSQL and the clients use the other cores.

Writes benchmarks/capacity.md.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.accounts import ME, REFRESH, Accounts, TokenFactory, accounts, logins, password_hash
from benchmarks.capacity.page import MINIMUM_CORE_SHARE, page_of
from benchmarks.capacity.postgres_load import PostgresLoad, measuring_postgres
from benchmarks.capacity.usage import LOGIN, Behaviour, Costs
from benchmarks.capacity.usage import ME as ME_KIND
from benchmarks.capacity.usage import REFRESH as REFRESH_KIND
from benchmarks.load import CONNECTIONS, Mix, require_wrk, run_load
from benchmarks.logins import measure_logins
from benchmarks.plan import Plan, report_progress
from benchmarks.processes import running
from benchmarks.samples import Sample
from benchmarks.service import LIMITS_OUT_OF_REACH, KeepAlive, Service, serve_command, service_environment
from development.postgres import EmbeddedPostgres

PAGE: Final = Path("benchmarks/capacity.md")
USERS: Final = 10_000
BCRYPT_ROUNDS: Final = 12
"""The service's default."""

SECONDS: Final = {True: 10.0, False: 30.0}
"""Duration of a round, by whether the run is quick. Few calls are logins, and a round needs some dozens of them."""

ROUNDS: Final = {True: 1, False: 2}
LOGINS_ALONE: Final = 8
PEOPLE: Final = 1_000
"""Simulated users."""

SHARE_TOLERANCE: Final = 0.25
"""Tolerance between the share of logins answered and the share sent: some are in progress at the end."""


@dataclass(frozen=True)
class Round:
    """The results of one round: of wrk, of PostgreSQL, and of the database's own counts."""

    sample: Sample
    database_load: PostgresLoad
    logins: int
    refreshes: int

    seconds: float

    def service_seconds(self, behaviour: Behaviour, login_seconds: float) -> float:
        """Return the mean CPU time of the service per call of the mix.

        Logins in progress at the end of a round were paid for in part, and those of its beginning not at all; a login
        costs as much as hundreds of other calls. So logins are counted by their own cost and their share of the mix.
        """
        others = self.sample.answers - self.logins
        other_seconds = max(0.0, sum(self.sample.busy) * self.seconds - self.logins * login_seconds) / others
        share = behaviour.shares()[LOGIN]
        return share * login_seconds + (1 - share) * other_seconds

    @property
    def share_of_core(self) -> float:
        """Return the share of its core that the replica used."""
        return sum(self.sample.busy)

    @property
    def database_seconds(self) -> float:
        """Return the mean CPU time of PostgreSQL per call."""
        return self.database_load.database_seconds / self.database_load.seconds / self.sample.value

    @property
    def connection_seconds(self) -> float:
        """Return the mean time for which a call kept a connection busy."""
        return self.database_load.mean_busy_connections / self.sample.value

    @property
    def wal_bytes(self) -> float:
        """Return the mean bytes that a call adds to the write-ahead log."""
        return self.database_load.wal_bytes / self.sample.answers


class DishonestMixError(Exception):
    """The shares of the calls answered differ from the shares to be sent."""


def measure_capacity(plan: Plan) -> None:
    """Measure, print, and write the page unless it was a quick run."""
    require_wrk()
    behaviour, password = Behaviour(), secrets.token_urlsafe(18)
    with (
        _first_core_for_the_copy() as core,
        EmbeddedPostgres() as postgres,
        accounts(postgres, USERS, password_hash(password, BCRYPT_ROUNDS)) as database,
        _copy(database, core) as service,
    ):
        bytes_of = {table: database.bytes_of_a_row(table) for table in ("users", "sessions")}
        bench = Bench(database, service, password, behaviour)
        report_progress("warming up")
        bench.round(SECONDS[True] / 2, pause_ms=0)
        report_progress("logins alone")
        login_seconds = bench.login_seconds()
        full = bench.rounds("the mix, as much as one core answers", plan, pause_ms=0)
        rate = fmean(each.sample.value for each in full)
        planned = bench.rounds(
            "the mix, at the planned use", plan, pause_ms=round(1000 * CONNECTIONS / rate / behaviour.use)
        )
    costs = Costs(
        service_seconds=fmean(each.service_seconds(behaviour, login_seconds) for each in full),
        database_seconds=fmean(each.database_seconds for each in full),
        connection_seconds=fmean(each.connection_seconds for each in planned),
        login_seconds=login_seconds,
        user_bytes=bytes_of["users"],
        session_bytes=bytes_of["sessions"],
        wal_bytes=fmean(each.wal_bytes for each in full),
    )
    text = page_of(behaviour, costs, full, planned)
    print(text)
    share = fmean(each.share_of_core for each in full)
    if share < MINIMUM_CORE_SHARE:
        report_progress(
            f"NOT written to {PAGE}: the copy had its core for {share:.0%} of the time, so something else ran there"
        )
    elif not plan.is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


@dataclass(frozen=True)
class Bench:
    """A replica with simulated users."""

    database: Accounts
    service: Service
    password: str
    behaviour: Behaviour

    def login_seconds(self) -> float:
        """Return the CPU time of a login without other load."""
        calls = logins(self.database.sessions(LOGINS_ALONE), self.password)
        sample = measure_logins(self.service, calls, in_flight=2, count=LOGINS_ALONE)
        return sum(sample.busy) / sample.value

    def rounds(self, name: str, plan: Plan, *, pause_ms: int) -> list[Round]:
        """Return all rounds of one kind."""
        measured = []
        for number in range(ROUNDS[plan.is_quick]):
            report_progress(f"{name}, round {number + 1} of {ROUNDS[plan.is_quick]}")
            measured.append(self.round(SECONDS[plan.is_quick], pause_ms=pause_ms))
        return measured

    def round(self, seconds: float, *, pause_ms: int) -> Round:
        """Load the replica once. Raises ``DishonestMixError``, and ``RuntimeError`` when an answer was wrong."""
        rotations, sessions = self.database.rotations(), self.database.session_count()
        with (
            contextlib.closing(KeepAlive(self.service.port, self._access_token())) as http,
            measuring_postgres(self.database.url, http, ME) as database_load,
        ):
            sample = run_load(self._mix(pause_ms), self.service, seconds)
        if sample.failed:
            raise RuntimeError(f"{sample.failed} of {sample.answers} answers were wrong")
        measured = Round(
            sample,
            database_load,
            logins=self.database.session_count() - sessions,
            refreshes=self.database.rotations() - rotations,
            seconds=seconds,
        )
        self._require_shares(measured)
        return measured

    def _access_token(self) -> str:
        return TokenFactory(self.service.secret_key).access_token(self.database.sessions(1)[0])

    def _mix(self, pause_ms: int) -> Mix:
        people, factory = self.database.sessions(PEOPLE), TokenFactory(self.service.secret_key)
        shares = self.behaviour.shares()
        return Mix(
            me=factory.me(people).requests,
            logins=[call.request() for call in logins(people, self.password)],
            tokens=[factory.refresh_token(session) for session in people],
            path=REFRESH,
            shares=(shares[ME_KIND], shares[LOGIN], shares[REFRESH_KIND]),
            pause_ms=pause_ms,
        )

    def _require_shares(self, measured: Round) -> None:
        shares, answers = self.behaviour.shares(), measured.sample.answers
        for kind, count in ((LOGIN, measured.logins), (REFRESH_KIND, measured.refreshes)):
            asked = shares[kind] * answers
            if abs(count - asked) > CONNECTIONS + SHARE_TOLERANCE * asked:
                raise DishonestMixError(f"{count} of kind {kind} among {answers}, not {asked:.0f}")


@contextlib.contextmanager
def _first_core_for_the_copy() -> Iterator[int]:
    """Keep this process and its children off the first core within the block; yield that core."""
    allowed = os.sched_getaffinity(0)
    first = min(allowed)
    os.sched_setaffinity(0, allowed - {first} or allowed)
    try:
        yield first
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def _copy(database: Accounts, core: int) -> Iterator[Service]:
    """Run the service with one worker on one core."""
    secret_key = secrets.token_urlsafe(48)
    environment = {**service_environment(database.url, secret_key), **LIMITS_OUT_OF_REACH}
    command = ["taskset", "--cpu-list", str(core), *serve_command()]
    with running(command, environment, ready="/health/readiness") as process:
        yield Service(process.port, process.pid, 1, secret_key)
