"""`doorward serve` as a process: it answers, logs, and stops when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

DEADLINE = 60
PERSON = {"email": "serving@example.com", "username": "serving", "password": "correct horse battery"}


class Serving:
    """The process, where it answers, and what it wrote."""

    def __init__(self, workers: int, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        command = [sys.executable, "-m", "doorward", "serve", "--port", str(self.port)]
        with log.open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "WEB_CONCURRENCY": str(workers)}
            )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", timeout=DEADLINE, transport=httpx.HTTPTransport(retries=7)
        )

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def serving(
    request: pytest.FixtureRequest, environment: pytest.MonkeyPatch, own_database: str, tmp_path: Path
) -> Iterator[Serving]:
    environment.setenv("DATABASE_URL", own_database)
    # Production style: lines of JSON.
    environment.setenv("ENVIRONMENT", "production")
    environment.setenv("BCRYPT_ROUNDS", "10")
    started = Serving(request.param, tmp_path / "log")
    with started.client:
        yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def test_it_answers_logs_json_without_secrets_and_stops_on_sigterm(serving: Serving) -> None:
    assert serving.client.get("/health/readiness").status_code == 200
    assert serving.client.post("/api/v1/auth/register", json=PERSON).status_code == 201
    form = {"username": PERSON["username"], "password": PERSON["password"]}
    token = serving.client.post("/api/v1/auth/token", data=form).json()["access_token"]
    me = serving.client.get("/api/v1/auth/me", params={"hidden": "query"}, headers={"Authorization": f"Bearer {token}"})
    assert me.json()["username"] == "serving"
    assert serving.stop() in {0, -signal.SIGTERM}
    written = serving.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["event"] for line in lines} >= {"http.request", "auth.login.succeeded"}
    assert [secret in written for secret in (PERSON["password"], token, "hidden=query", "Traceback")] == [False] * 4
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{serving.port}/health/liveness")
