"""`doorward worker`: background tasks in a separate process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from doorward.commands.main import main
from doorward.wiring.background import run_worker
from tests.integration.service import Logs, MakeService, events, settings_of_the_ring

BOUND_SECONDS = 60


async def test_a_worker_runs_the_tasks_of_a_service_without_background_until_a_signal(
    make_service: MakeService, own_database: str, secret_key: str, logs: Logs
) -> None:
    service = await make_service(database_url=own_database, housekeeping_interval_minutes=60)
    person, _ = await service.register_and_log_in()
    service.sql("UPDATE sessions SET expires_at = now() - interval '31 days'")
    leaver = await service.register()
    due = "UPDATE users SET is_active = false, deletion_due_at = now() WHERE id = %s"
    service.sql(due, leaver.id)
    settings = settings_of_the_ring(own_database, secret_key, {"housekeeping_interval_minutes": 60})
    worker = asyncio.create_task(run_worker(settings, first_look_seconds=0))
    left = "SELECT 1 FROM users WHERE id = %s"
    async with asyncio.timeout(BOUND_SECONDS):
        while service.sessions_of(person) or service.sql(left, leaver.id):  # noqa: ASYNC110 - no event exists
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await worker
    (started,) = events(logs, "worker.started")
    assert started["tasks"] == (
        "prune, audit_retention, dead_letters, mail_budgets, forget_logins, expired_tokens, expired_codes, "
        "erasure, unanswered, email_changes, index_items"
    )
    assert len(events(logs, "worker.draining")) == 1


async def test_a_worker_finishes_its_running_task(
    make_service: MakeService, own_database: str, secret_key: str, logs: Logs
) -> None:
    service = await make_service(database_url=own_database)
    _, pair = await service.register_and_log_in()
    await service.post_revoke(pair.refresh)
    service.sql("UPDATE sessions SET ended_at = now() - interval '40 days'")
    settings = settings_of_the_ring(own_database, secret_key, {"housekeeping_interval_minutes": 60})
    async with asyncio.timeout(BOUND_SECONDS), await psycopg.AsyncConnection.connect(own_database) as other:
        # The lock makes the task wait in the middle of its work.
        await other.execute("LOCK TABLE sessions IN SHARE MODE")
        worker = asyncio.create_task(run_worker(settings, first_look_seconds=0))
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%DELETE FROM sessions%%'"
        )
        while not service.sql(waiting):  # noqa: ASYNC110 - no event exists
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.2)
        assert not events(logs, "housekeeping.failed")
        await other.rollback()
        await worker
    counts = {line["task"]: line["count"] for line in events(logs, "housekeeping.done")}
    assert counts["prune"] == 1


@pytest.fixture
def metrics_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def process(
    environment: pytest.MonkeyPatch, own_database: str, metrics_port: int, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("METRICS_PORT", str(metrics_port))
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen([sys.executable, "-m", "doorward", "worker"], stdout=log, stderr=log)
    yield started
    if started.poll() is None:
        started.kill()
    started.wait()


def test_the_command_serves_metrics_and_ends_with_status_0_on_sigterm(
    process: subprocess.Popen[bytes], metrics_port: int, tmp_path: Path
) -> None:
    deadline = time.monotonic() + BOUND_SECONDS
    shown = ""
    while "doorward_database_pool_connections" not in shown or "worker.started" not in log_of(tmp_path):
        assert process.poll() is None, log_of(tmp_path)
        assert time.monotonic() < deadline
        try:
            shown = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.1)
    process.terminate()
    assert process.wait(BOUND_SECONDS) == 0
    assert "worker.draining" in log_of(tmp_path)
    assert "Traceback" not in log_of(tmp_path)


def log_of(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8")


def test_a_worker_without_a_task_is_refused_with_the_remedy(
    environment: pytest.MonkeyPatch, shared_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", shared_database)
    environment.setenv("HOUSEKEEPING_INTERVAL_MINUTES", "0")
    assert main(["worker"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "doorward: all background tasks are switched off. Set HOUSEKEEPING_INTERVAL_MINUTES"


def test_a_taken_metrics_port_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, shared_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", shared_database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment.setenv("METRICS_PORT", str(taken.getsockname()[1]))
        assert main(["worker"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "METRICS_PORT" in line
