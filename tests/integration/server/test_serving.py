"""`doorward serve` as a process: it answers, logs, and stops on a signal."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from development.client import LIVENESS, READINESS, ApiClient, http_client

DEADLINE = 120
LISTENING = re.compile(r'"port": (\d+), "event": "service.listening"')


class Serving:
    """The process, its URL, and its output."""

    def __init__(self, workers: int, log: Path) -> None:
        self.log = log
        command = [sys.executable, "-m", "doorward", "serve", "--port", "0"]
        with log.open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "WEB_CONCURRENCY": str(workers)}
            )

    async def wait_until_ready(self) -> None:
        """Wait until the process answers; its calls are made with ``api`` from then on."""
        deadline = time.monotonic() + DEADLINE
        while not (found := LISTENING.search(self.log.read_text(encoding="utf-8"))):
            assert await self._has_time_until(deadline)
        self.port = int(found[1])
        self.api = ApiClient(http_client(f"http://127.0.0.1:{self.port}", timeout=DEADLINE))
        while (await self.api.call("GET", READINESS)).status_code != 200:
            assert await self._has_time_until(deadline)

    async def _has_time_until(self, deadline: float) -> bool:
        await asyncio.sleep(0.05)
        return time.monotonic() < deadline and self.process.poll() is None

    def answer_without_host(self) -> bytes:
        """Return the response to a request that only this service's HTTP protocol refuses."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as raw:
            raw.sendall(b"GET /health/liveness HTTP/1.1\r\n\r\n")
            return raw.recv(4096)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def serving(
    request: pytest.FixtureRequest, environment: pytest.MonkeyPatch, own_database: str, tmp_path: Path
) -> Iterator[Serving]:
    environment.setenv("DATABASE_URL", own_database)
    # As in production: lines of JSON.
    environment.setenv("ENVIRONMENT", "production")
    environment.setenv("BCRYPT_ROUNDS", "10")
    environment.setenv("SHUTDOWN_DRAIN_SECONDS", "0")
    environment.setenv("RATE_LIMIT_ENABLED", "false")
    environment.setenv("BACKGROUND", "off")
    started = Serving(request.param, tmp_path / "log")
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


async def test_a_process_answers_logs_json_without_secrets_and_stops_on_sigterm(serving: Serving) -> None:
    await serving.wait_until_ready()
    async with serving.api as api:
        person, tokens = await api.register_and_log_in()
        me = await api.get_me(tokens.access, params={"hidden": "query"})
    assert me.json()["username"] == person.username
    assert serving.answer_without_host().startswith(b"HTTP/1.1 400 ")
    assert serving.stop() in {0, -signal.SIGTERM}
    written = serving.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["event"] for line in lines} >= {"http.request", "auth.login.succeeded"}
    # Insecure settings are logged once, not by each worker.
    assert [line["setting"] for line in lines if line["event"] == "config.insecure"] == ["RATE_LIMIT_ENABLED"]
    assert [line["setting"] for line in lines if line["event"] == "housekeeping.off"] == ["BACKGROUND"]
    assert [secret in written for secret in (person.password, tokens.access, "hidden=query", "Traceback")] == [
        False
    ] * 4
    async with http_client(f"http://127.0.0.1:{serving.port}", timeout=DEADLINE) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(LIVENESS)
