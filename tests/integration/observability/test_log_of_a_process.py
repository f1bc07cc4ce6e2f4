"""The log of `doorward serve` as a process: it contains no secret, and a slow reader delays no response."""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from development.client import LIVENESS, READINESS, ApiClient, http_client
from tests.e2e.canaries import Evidence
from tests.integration.secret_store import REGION, SecretStore, run_secret_store
from tests.integration.service import mark

T = TypeVar("T")
DEADLINE = 120
LISTENING = re.compile(rb'"port": (\d+), "event": "service.listening"')
PIPE_BYTES = 64 * 1024
MORE_THAN_A_PIPE_HOLDS = 1_000


class Process:
    """The service, its URL, and the part of its standard output that was read."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self.written = b""
        self._reads = threading.Event()
        self._reads.set()
        self.errors = folder / "errors"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "doorward", "serve", "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env={**environment, "ENVIRONMENT": "production", "BCRYPT_ROUNDS": "10", **settings},
            )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while piece := os.read(self.process.stdout.fileno(), PIPE_BYTES):
            self.written += piece
            self._reads.wait()

    def stop_reading(self) -> None:
        """Stop reading after at most one more chunk."""
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while not (found := LISTENING.search(self.written)):
            self._pause(deadline)
        self.port = int(found[1])
        while self.call(lambda api: api.call("GET", READINESS)).status_code != 200:
            self._pause(deadline)

    def call(self, calls: Callable[[ApiClient], Awaitable[T]]) -> T:
        """Make calls to the service on new connections."""

        async def make() -> T:
            async with ApiClient(http_client(f"http://127.0.0.1:{self.port}", timeout=DEADLINE)) as api:
                return await calls(api)

        return asyncio.run(make())

    def wait_until_written(self, text: bytes) -> None:
        deadline = time.monotonic() + DEADLINE
        while text not in self.written:
            self._pause(deadline)

    def _pause(self, deadline: float) -> None:
        time.sleep(0.02)
        assert time.monotonic() < deadline
        assert self.process.poll() is None, self.errors.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.written.splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.read_on()
        self._thread.join(DEADLINE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Process]:
    process = Process({"SHUTDOWN_DRAIN_SECONDS": "0", **settings}, folder)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.close()


async def log_in(api: ApiClient) -> tuple[list[str], str]:
    """Register, log in and refresh; return the secrets that no log may contain, and a valid access token."""
    person = await api.register(password=f"{mark()} {mark()}")
    assert (await api.post_token(person.username, mark())).status_code == 401
    first = await api.log_in(person)
    second = await api.refresh(first.refresh)
    return [person.password, person.username, first.access, first.refresh, second.access, second.refresh], second.access


def me(process: Process, token: str) -> int:
    return process.call(lambda api: api.get_me(token)).status_code


def is_live(process: Process) -> bool:
    return process.call(lambda api: api.call("GET", LIVENESS)).status_code == 200


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def store(store_folder: Path) -> Iterator[SecretStore]:
    with run_secret_store(store_folder) as running:
        yield running


def settings_in_the_store(store: SecretStore, database_url: str, canaries: dict[str, str]) -> dict[str, str]:
    """Store the settings; return the variables of a service that reads them and logs at level debug."""
    name = mark()
    store.put_settings(
        name,
        {
            "SECRET_KEY": canaries["key"],
            "SECRET_KEY_PREVIOUS": canaries["previous"],
            "DATABASE_URL": database_url.replace("postgres@", f"postgres:{canaries['database']}@"),
            "POSTGRES_PASSWORD": canaries["postgres"],
            # No server listens there, so that its failures are logged.
            "RATE_LIMIT_STORAGE_URI": f"redis://:{canaries['redis']}@127.0.0.1:1/0",
        },
    )
    where = {"AWS_REGION": REGION, "AWS_SECRETS_MANAGER_SECRET_NAME": name, "NO_PROXY": "127.0.0.1"}
    return {**store.variables(), **where, "LOG_LEVEL": "debug"}


@pytest.mark.parametrize(("workers", "processes"), [(1, 1), (2, 3)], ids=["one worker", "two workers and their parent"])
def test_no_secret_is_logged_at_debug_and_each_process_reads_aws_settings_once(
    store: SecretStore, store_folder: Path, own_database: str, tmp_path: Path, workers: int, processes: int
) -> None:
    canaries = {each: secrets.token_urlsafe(36) for each in ("key", "previous", "database", "redis", "postgres")}
    variables = settings_in_the_store(store, own_database, canaries)
    asked_before = (store_folder / "moto.log").read_text(encoding="utf-8").count("POST /")
    with serving(tmp_path, **variables, WEB_CONCURRENCY=str(workers)) as process:
        sent, token = process.call(log_in)
        assert me(process, token) == 200
        assert process.stop() in {0, -signal.SIGTERM}
        process.close()
    events = [str(line["event"]) for line in process.lines()]
    assert set(events) >= {"auth.login.succeeded", "auth.login.failed", "rate_limit.store_unavailable", "http.request"}
    assert "debug" in {line["level"] for line in process.lines()}
    # This includes the last lines, after which a signal ends the process.
    assert len([event for event in events if event.startswith("Finished server process")]) == workers
    evidence = Evidence()
    for secret in (*canaries.values(), *sent[:2]):
        evidence.remember_secret(secret)
    for each in (*canaries.values(), *sent[2:]):
        evidence.remember_token(each)
    evidence.keep("log", process.written.decode())
    evidence.keep("errors", process.errors.read_text(encoding="utf-8"))
    assert evidence.findings() == []
    asked = (store_folder / "moto.log").read_text(encoding="utf-8").count("POST /")
    assert asked - asked_before == processes


def pipeline_calls(port: int, count: int) -> None:
    """Pipeline calls over one connection, and check that all are answered."""
    call = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        for _ in range(0, count, 100):
            connection.sendall(call * 100)
            received = b""
            while received.count(b"HTTP/1.1 404 ") < 100 or not received.endswith(b"}"):
                piece = connection.recv(PIPE_BYTES)
                assert piece
                received += piece


def test_a_stalled_log_reader_delays_no_response_and_later_gets_every_line(own_database: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": own_database, "SECRET_KEY": secrets.token_urlsafe(48)}
    with serving(tmp_path, **settings) as process:
        _, token = process.call(log_in)
        process.stop_reading()
        pipeline_calls(process.port, MORE_THAN_A_PIPE_HOLDS)
        assert is_live(process)
        assert me(process, token) == 200
        process.read_on()
        process.wait_until_written(b'"route": "/api/v1/auth/me"')
        logged = [line for line in process.lines() if line["event"] == "http.request" and line["status"] == 404]
        assert len(logged) == MORE_THAN_A_PIPE_HOLDS
        process.stop_reading()
        pipeline_calls(process.port, MORE_THAN_A_PIPE_HOLDS)
        assert process.stop() == -signal.SIGTERM


def test_a_stalled_log_reader_does_not_keep_workers_alive(own_database: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": own_database, "SECRET_KEY": secrets.token_urlsafe(48), "WEB_CONCURRENCY": "2"}
    with serving(tmp_path, **settings) as process:
        process.stop_reading()
        pipeline_calls(process.port, MORE_THAN_A_PIPE_HOLDS)
        assert is_live(process)
        assert process.stop() == 0
