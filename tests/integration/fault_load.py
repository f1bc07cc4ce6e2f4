"""A service as a process under load, and the ledger of what it acknowledged, for tests of faults of PostgreSQL."""

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg
from psycopg import sql

from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from tests.integration.service import ME, PASSWORD, REFRESH, REGISTER, REVOKE, TOKEN, Pair, pair

ROLE: Final = "doorward_under_fault"
DATABASE: Final = "faulty"
POOL: Final = 5
THREADS: Final = 6
HANG_SECONDS: Final = 60
RECOVERED_SECONDS: Final = 60
"""Not a bound of the service, which holds its own in the e2e ring: six clients keep this machine busy meanwhile."""
"""The requirement's own bound: from the moment when PostgreSQL is well again."""

EXPECTED: Final = {"register": 201, "token": 200, "me": 200, "refresh": 200, "revoke": 204}


@dataclass
class Ledger:
    """What was answered; threads write it."""

    registered: list[str] = field(default_factory=list)
    ended_sessions: list[str] = field(default_factory=list)
    statuses: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in EXPECTED})
    without_retry_after: int = 0
    slowest: float = 0.0

    def write(self, call: str, answer: httpx.Response) -> bool:
        """Write down one answer; tell whether the call succeeded."""
        self.statuses[call].append(answer.status_code)
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())
        self.without_retry_after += answer.status_code == 503 and "retry-after" not in answer.headers
        return answer.status_code == EXPECTED[call]

    def count(self, *statuses: int) -> int:
        return sum(status in statuses for each in self.statuses.values() for status in each)


class Faulty:
    """PostgreSQL that may be broken, and a service that uses it as a role without special rights."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, tablespace: Path | None = None) -> None:
        self.server = server
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
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
        """Run a statement with all rights; return its rows, if it has any."""
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
        with self._log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._log.parent,
                env={**os.environ, **settings},
            )
        try:
            self.wait_until_well(HANG_SECONDS)
            yield
            assert process.poll() is None, "the service was restarted or ended"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(HANG_SECONDS)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_until_well(self, seconds: float) -> None:
        """Wait until one person can make every call."""
        deadline = time.monotonic() + seconds
        while not self._is_well():
            assert time.monotonic() < deadline, "not well in time"
            time.sleep(0.1)

    def _is_well(self) -> bool:
        ledger = Ledger()
        with contextlib.suppress(httpx.ConnectError), self.client() as client:
            walk(client, ledger)
        return all(ledger.statuses[name] == [status] for name, status in EXPECTED.items())

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, timeout=HANG_SECONDS, trust_env=False)

    def connections(self) -> int:
        ((count,),) = self.admin("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", ROLE)
        assert isinstance(count, int)
        return count

    def wait_until_no_connection_is_leaked(self) -> None:
        deadline = time.monotonic() + RECOVERED_SECONDS
        while self.connections() > POOL:
            assert time.monotonic() < deadline, "more connections than the pool may hold"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def walk(client: httpx.Client, ledger: Ledger) -> None:
    """Register, log in, look, refresh, log out; each as far as the one before it went."""
    name = f"u{secrets.token_hex(8)}"
    account = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    if not ledger.write("register", client.post(REGISTER, json=account)):
        return
    ledger.registered.append(name)
    answer = client.post(TOKEN, data={"username": name, "password": PASSWORD})
    if not ledger.write("token", answer):
        return
    tokens = pair(answer)
    ledger.write("me", client.get(ME, headers={"Authorization": f"Bearer {tokens.access}"}))
    answer = client.post(REFRESH, json={"refresh_token": tokens.refresh})
    if ledger.write("refresh", answer):
        tokens = pair(answer)
    if ledger.write("revoke", client.post(REVOKE, json={"refresh_token": tokens.refresh})):
        ledger.ended_sessions.append(session_of(tokens))


def session_of(tokens: Pair) -> str:
    claims = tokens.access.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(f"{claims}=="))["sid"])


@contextlib.contextmanager
def under_load(faulty: Faulty) -> Iterator[Ledger]:
    """Have several people walk at a time, until the block ends; yield the ledger, complete afterwards."""
    ledger, stop = Ledger(), threading.Event()

    def walk_until_stopped() -> None:
        with faulty.client() as client:
            while not stop.is_set():
                walk(client, ledger)

    with ThreadPoolExecutor(THREADS) as threads:
        load = [threads.submit(walk_until_stopped) for _ in range(THREADS)]
        try:
            yield ledger
        finally:
            stop.set()
        for each in load:
            each.result()


def wait_for(ledger: Ledger, more: int, count: Callable[[], int]) -> None:
    """Let the load go on until there were some more of what is counted."""
    enough, deadline = count() + more, time.monotonic() + HANG_SECONDS
    while count() < enough:
        assert time.monotonic() < deadline, ledger.statuses
        time.sleep(0.02)


def assert_kept(faulty: Faulty, ledger: Ledger) -> None:
    """Nothing but success and 503 was answered, and PostgreSQL holds all that was acknowledged."""
    assert {name: set(statuses) - {EXPECTED[name], 503} for name, statuses in ledger.statuses.items()} == {
        name: set() for name in EXPECTED
    }
    assert ledger.without_retry_after == 0
    ((accounts,),) = faulty.admin("SELECT count(*) FROM users WHERE username = ANY(%s)", ledger.registered)
    assert accounts == len(ledger.registered) > 0
    ((ended,),) = faulty.admin(
        "SELECT count(*) FROM refresh_families WHERE id = ANY(%s::uuid[]) AND revoked_at IS NOT NULL",
        ledger.ended_sessions,
    )
    assert ended == len(ledger.ended_sessions) > 0
    assert "http.request.crashed" not in faulty.log()
