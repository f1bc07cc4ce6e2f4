"""A service as a process under load, and the ledger of its acknowledged calls, for tests with PostgreSQL faults."""

import asyncio
import base64
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg
from psycopg import sql

from development.client import ApiClient, Pair, http_client, new_person, pair
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from tests.running_time import RunningTime

ROLE: Final = "doorward_under_fault"
DATABASE: Final = "faulty"
POOL: Final = 3
THREADS: Final = 6
"""More than the connections of the pool, so that slow statements exhaust it."""

PAUSE_SECONDS: Final = 0.05
"""The pause after a refusal: clients that retry at once would use all of a small machine's processor time."""

ANSWER_SECONDS: Final = 5.0
RECOVERED_SECONDS: Final = 10.0
"""The bounds of the requirement: for each response, and from PostgreSQL's recovery to the last refusal.

They use a clock that stops while the machine does.
"""

PATIENCE_SECONDS: Final = 120
"""Timeout for events that must happen eventually, on a machine of any speed."""

EXPECTED: Final = {"register": 201, "token": 200, "me": 200, "refresh": 200, "revoke": 204}


@dataclass
class Ledger:
    """The responses with their times by the clock; it is written by several threads."""

    clock: RunningTime
    registered: list[str] = field(default_factory=list)
    ended_sessions: list[str] = field(default_factory=list)
    statuses: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in EXPECTED})
    without_retry_after: int = 0
    slowest: float = 0.0
    last_refusal: float = 0.0

    async def take(self, call: str, sending: Awaitable[httpx.Response]) -> httpx.Response | None:
        """Make one call and record its response; return it if the call succeeded."""
        began = self.clock.now()
        answer = await sending
        ended = self.clock.now()
        self.statuses[call].append(answer.status_code)
        self.slowest = max(self.slowest, ended - began)
        if answer.status_code == EXPECTED[call]:
            return answer
        self.last_refusal = ended
        self.without_retry_after += answer.status_code == 503 and "retry-after" not in answer.headers
        return None

    def count(self, *statuses: int) -> int:
        return sum(status in statuses for each in self.statuses.values() for status in each)

    @property
    def calls(self) -> int:
        return sum(map(len, self.statuses.values()))


class Faulty:
    """A PostgreSQL in which tests cause faults, and a service that uses it with an unprivileged role."""

    def __init__(
        self, server: EmbeddedPostgres, clock: RunningTime, folder: Path, tablespace: Path | None = None
    ) -> None:
        self.server = server
        self.clock = clock
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
        self._logged_before = 0
        self.prepare(tablespace)

    @property
    def url(self) -> str:
        return self.server.url(DATABASE).replace("//postgres@", f"//{ROLE}@")

    def prepare(self, tablespace: Path | None) -> None:
        with psycopg.connect(self.server.url(), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(ROLE)))
            place = sql.SQL("")
            if tablespace is not None:
                admin.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(tablespace))))
                place = sql.SQL("TABLESPACE small")
            create = sql.SQL("CREATE DATABASE {} OWNER {} {}")
            admin.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE), place))
        migrate(self.url)

    def admin(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Run a statement as a superuser; return its rows, if it has any."""
        with psycopg.connect(self.server.url(DATABASE), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        settings = {
            "ENVIRONMENT": "development",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": self.url,
            "DB_POOL_MAX_CONN": str(POOL),
            "BCRYPT_ROUNDS": "4",
            "RATE_LIMIT_ENABLED": "false",
            "SHUTDOWN_DRAIN_SECONDS": "0",
        }
        command = [sys.executable, "-m", "doorward", "serve", "--port", str(self.port)]
        environment = {**os.environ, **settings}
        with self._log.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self._log.parent, env=environment
            )
        self._pid = process.pid
        try:
            self.wait_until_recovered(PATIENCE_SECONDS)
            yield
            assert process.poll() is None, "the service was restarted or ended"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def begin_fault(self) -> None:
        self._logged_before = len(self.log())

    def log_of_fault(self) -> str:
        """Return the service's log since the fault began."""
        return self.log()[self._logged_before :]

    def errors_of_fault(self) -> list[str]:
        """Return the logged errors of the fault, most frequent first: the driver's class, with its SQLSTATE."""
        found = re.findall(r"database\.unavailable .*\berror=(\w+).*\bsqlstate=(\w+)", self.log_of_fault())
        return [f"{error} {state}" for (error, state), _ in Counter(found).most_common()]

    def wait_until_recovered(self, seconds: float) -> None:
        """Wait until every call of a new person succeeds."""
        deadline = self.clock.now() + seconds
        while not self._has_recovered():
            assert self.clock.now() < deadline, "the service has not recovered in time"
            time.sleep(0.1)

    def _has_recovered(self) -> bool:
        with contextlib.suppress(httpx.ConnectError):
            return asyncio.run(self._walk_once())
        return False

    async def _walk_once(self) -> bool:
        async with self.client() as api:
            return await walk(api, Ledger(self.clock))

    def client(self) -> ApiClient:
        return ApiClient(http_client(self.base_url, timeout=PATIENCE_SECONDS))

    def connections(self) -> int:
        """Return the number of the service's connections to PostgreSQL."""
        ((count,),) = self.admin("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", ROLE)
        assert isinstance(count, int)
        return count

    def sockets(self) -> int:
        """Return the number of the service's open sockets, to any peer."""
        files = Path(f"/proc/{self._pid}/fd").iterdir()
        return sum(file.is_socket() for file in files)

    def wait_until_nothing_is_leaked(self, sockets_before: int) -> None:
        """Wait until there are no more connections than the pool may hold, at either end."""
        deadline = self.clock.now() + RECOVERED_SECONDS
        while self.connections() > POOL or self.sockets() > sockets_before + POOL:
            assert self.clock.now() < deadline, (self.connections(), self.sockets(), sockets_before)
            time.sleep(0.1)


async def walk(api: ApiClient, ledger: Ledger) -> bool:
    """Register, log in, get the account, refresh, log out, until a call fails. Return whether all succeeded."""
    person = new_person()
    if await ledger.take("register", api.post_account(person)) is None:
        return False
    ledger.registered.append(person.username)
    login = await ledger.take("token", api.post_login(person))
    if login is None:
        return False
    tokens = pair(login)
    seen = await ledger.take("me", api.get_me(tokens.access))
    renewed = await ledger.take("refresh", api.post_refresh(tokens.refresh))
    if renewed is not None:
        tokens = pair(renewed)
    if await ledger.take("revoke", api.post_revoke(tokens.refresh)) is None:
        return False
    ledger.ended_sessions.append(session_of(tokens))
    return seen is not None and renewed is not None


def session_of(tokens: Pair) -> str:
    claims = tokens.access.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(f"{claims}=="))["sid"])


@contextlib.contextmanager
def under_load(faulty: Faulty) -> Iterator[Ledger]:
    """Run several concurrent walks until the block ends; yield the ledger, which is complete afterwards."""
    ledger, stop = Ledger(faulty.clock), threading.Event()

    async def walk_until_stopped() -> None:
        async with faulty.client() as api:
            while not stop.is_set():
                if not await walk(api, ledger):
                    await asyncio.sleep(PAUSE_SECONDS)

    with ThreadPoolExecutor(THREADS) as threads:
        load = [threads.submit(lambda: asyncio.run(walk_until_stopped())) for _ in range(THREADS)]
        try:
            yield ledger
        finally:
            stop.set()
        for each in load:
            each.result()


def wait_for(ledger: Ledger, more: int, count: Callable[[], int]) -> None:
    """Wait until the load has increased the count by ``more``."""
    enough = count() + more
    wait_until(ledger, lambda: count() >= enough)


def wait_until(ledger: Ledger, is_so: Callable[[], bool]) -> None:
    deadline = ledger.clock.now() + PATIENCE_SECONDS
    while not is_so():
        assert ledger.clock.now() < deadline, ledger.statuses
        time.sleep(0.02)


def assert_kept(faulty: Faulty, ledger: Ledger) -> None:
    """Check that all responses were success or 503, and that PostgreSQL holds all acknowledged changes."""
    assert {name: set(statuses) - {EXPECTED[name], 503} for name, statuses in ledger.statuses.items()} == {
        name: set() for name in EXPECTED
    }
    assert ledger.without_retry_after == 0
    ((accounts,),) = faulty.admin("SELECT count(*) FROM users WHERE username = ANY(%s)", ledger.registered)
    assert accounts == len(ledger.registered) > 0
    ((ended,),) = faulty.admin(
        "SELECT count(*) FROM sessions WHERE id = ANY(%s::uuid[]) AND ended_at IS NOT NULL",
        ledger.ended_sessions,
    )
    assert ended == len(ledger.ended_sessions) > 0
    assert "http.request.crashed" not in faulty.log()
