"""`doorward prune`, `doorward end-all-sessions` and similar commands on the database of a running service."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from development.client import Pair, Person
from doorward.commands.main import main
from doorward.domain.auth.sessions.ending_of_all import SessionEnding
from doorward.infrastructure.postgres.advisory_lock import lock_key
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.config import Settings, settings_from
from doorward.wiring.background import all_tasks
from tests.integration.service import FakeClock, Service, run_service

SESSIONS = 5


@pytest.fixture(autouse=True)
def database(environment: pytest.MonkeyPatch, own_database: str) -> str:
    environment.setenv("DATABASE_URL", own_database)
    return own_database


@pytest.fixture
def settings(database: str, secret_key: str) -> Settings:
    """Return the settings of a service that runs on the same database."""
    values = {"environment": "development", "secret_key": secret_key, "database_url": database, "bcrypt_rounds": 4}
    return settings_from(values | {"rate_limit_enabled": False, "housekeeping_interval_minutes": 0})


def rows(database: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def begin_sessions(service: Service) -> tuple[Person, list[Pair]]:
    person = await service.register()
    return person, [await service.log_in(person) for _ in range(SESSIONS)]


def sessions_of(settings: Settings, clock: FakeClock) -> list[Pair]:
    async def begin() -> list[Pair]:
        async with run_service(settings, clock) as service:
            return (await begin_sessions(service))[1]

    return asyncio.run(begin())


def answers_to(settings: Settings, clock: FakeClock, pairs: list[Pair]) -> set[int]:
    """Return the statuses of calls with these tokens."""

    async def ask() -> set[int]:
        async with run_service(settings, clock) as service:
            asked = [await service.get_me(pair.access) for pair in pairs]
            asked += [await service.post_refresh(pair.refresh) for pair in pairs]
            return {answer.status_code for answer in asked}

    return asyncio.run(ask())


def test_end_all_sessions_ends_every_session_and_reports_the_number(
    database: str, settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = sessions_of(settings, clock)
    assert main(["end-all-sessions", "--yes"]) == 0
    *logged, said = capsys.readouterr().out.splitlines()
    assert said == f"doorward: ended {SESSIONS} sessions"
    (line,) = [line for line in logged if "auth.session.all_revoked" in line]
    assert f"count={SESSIONS}" in line
    assert rows(database, "SELECT DISTINCT end_reason FROM sessions") == [("operator",)]
    assert answers_to(settings, clock, pairs) == {401}


def test_the_older_name_of_the_command_prints_the_same_and_names_the_new_one(
    settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = sessions_of(settings, clock)
    assert main(["revoke-all", "--yes"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == f"doorward: ended {SESSIONS} sessions"
    assert "Use doorward end-all-sessions." in shown.err
    assert answers_to(settings, clock, pairs) == {401}


@pytest.mark.parametrize("batch_size", [1, 2, SESSIONS, SESSIONS + 1])
async def test_all_sessions_end_in_batches_of_any_size(settings: Settings, clock: FakeClock, batch_size: int) -> None:
    async with run_service(settings, clock) as service:
        person, _ = await begin_sessions(service)
        for _ in range(SESSIONS - 1):
            await service.register()
        await service.write("UPDATE users SET session_epoch = 7")
        await service.write("UPDATE sessions SET epoch = 7")
        ending = SessionEnding(database=service.database, clock=clock, batch_size=batch_size)
        assert await ending.end_all() == SESSIONS
        assert {row["end_reason"] for row in service.sessions_of(person)} == {"operator"}
        assert service.sql("SELECT session_epoch, count(*) FROM users GROUP BY 1") == [
            {"session_epoch": 8, "count": SESSIONS}
        ]


def test_sessions_that_already_ended_keep_their_reason(
    database: str, settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async def begin_and_log_out() -> None:
        async with run_service(settings, clock) as service:
            _, pairs = await begin_sessions(service)
            await service.post_revoke(pairs[0].refresh)

    asyncio.run(begin_and_log_out())
    assert main(["end-all-sessions", "--yes"]) == 0
    assert f"ended {SESSIONS - 1} sessions" in capsys.readouterr().out
    reasons = rows(database, "SELECT end_reason, count(*) FROM sessions GROUP BY 1 ORDER BY 1")
    assert reasons == [("logout", 1), ("operator", SESSIONS - 1)]


def test_after_the_end_of_all_sessions_users_can_log_in_again(settings: Settings, clock: FakeClock) -> None:
    async def log_in_again() -> int:
        async with run_service(settings, clock) as service:
            person = await service.register()
            await asyncio.to_thread(main, ["end-all-sessions", "--yes"])
            pair = await service.log_in(person)
            return (await service.get_me(pair.access)).status_code

    assert asyncio.run(log_in_again()) == 200


def test_the_end_of_all_sessions_is_refused_without_a_terminal_or_yes(
    settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = sessions_of(settings, clock)
    assert main(["end-all-sessions"]) == 1
    assert "doorward end-all-sessions --yes" in capsys.readouterr().err
    assert answers_to(settings, clock, pairs) == {200}


@pytest.mark.parametrize(("answer", "status", "afterwards"), [("yes", 0, {401}), ("", 1, {200}), ("y", 1, {200})])
def test_end_all_sessions_requires_yes_at_the_prompt(
    settings: Settings,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
    afterwards: set[int],
) -> None:
    pairs = sessions_of(settings, clock)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert main(["end-all-sessions"]) == status
    assert answers_to(settings, clock, pairs) == afterwards


def test_prune_removes_old_sessions_and_reports_the_number(
    database: str, settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions_of(settings, clock)
    rows(database, "UPDATE sessions SET expires_at = now() - interval '31 days'")
    assert main(["prune"]) == 0
    assert f"doorward: removed {SESSIONS} sessions that ended more than 30 days ago" in capsys.readouterr().out
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]
    assert main(["prune"]) == 0
    assert "removed 0 sessions" in capsys.readouterr().out


@pytest.mark.parametrize("public_url", ["", "http://localhost:8000"])
def test_prune_runs_all_background_tasks(
    environment: pytest.MonkeyPatch, database: str, settings: Settings, clock: FakeClock, public_url: str
) -> None:
    environment.setenv("PUBLIC_URL", public_url)
    with_address = replace(settings, browsers=settings.browsers.model_copy(update={"public_url": public_url or None}))
    expected = {task.name for task in all_tasks(with_address, PostgresDatabase(settings.database), clock)}
    assert ("signing_keys" in expected) == bool(public_url)
    assert main(["prune"]) == 0
    assert {name for (name,) in rows(database, "SELECT task FROM housekeeping_runs")} == expected


def test_a_failed_task_does_not_stop_others_and_is_reported_by_prune(
    database: str, settings: Settings, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions_of(settings, clock)
    rows(database, "UPDATE sessions SET expires_at = now() - interval '31 days'")
    rows(database, "ALTER TABLE audit_events RENAME TO missing")
    assert main(["prune"]) == 1
    assert "PostgreSQL failed" in capsys.readouterr().err
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]
    done = {name for (name,) in rows(database, "SELECT task FROM housekeeping_runs")}
    assert ("audit_retention" in done, "email_changes" in done) == (False, True)


async def nothing() -> int:
    return 0


def test_prune_runs_other_tasks_while_another_process_removes_sessions(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(Task("prune", timedelta(0), nothing).lock_name)])
        assert main(["prune"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("doorward: ")]
    assert said == ["doorward: other processes are running: prune"]
    done = {name for (name,) in rows(database, "SELECT task FROM housekeeping_runs")}
    assert ("prune" in done, "audit_retention" in done, "email_changes" in done) == (False, True, True)


@pytest.mark.parametrize(
    "arguments", [["prune"], ["end-all-sessions", "--yes"], ["deactivate", "ada"], ["activate", "ada"]]
)
def test_an_unusable_database_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://ada@127.0.0.1:1/doorward")
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doorward: PostgreSQL cannot be used")


def test_a_failure_during_a_command_is_reported_in_one_line(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(database) as holder:
        holder.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        assert main(["end-all-sessions", "--yes"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "doorward: PostgreSQL failed meanwhile. What was done until then stays so: run it again"


def test_every_command_reads_the_key_from_the_file_of_compose(
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    secret_key: str,
    settings: Settings,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def register() -> str:
        async with run_service(settings, clock) as service:
            return (await service.register()).username

    username = asyncio.run(register())
    key = tmp_path / "secrets" / "secret_key"
    key.parent.mkdir()
    key.write_text(secret_key, encoding="utf-8")
    # As in docker/compose.secrets.yaml together with compose.yaml.
    environment.setenv("ENVIRONMENT", "production")
    environment.delenv("BCRYPT_ROUNDS")
    environment.setenv("SECRET_KEY", "")
    environment.setenv("SECRET_KEY_FILE", str(key))
    for command in (["deactivate", username], ["activate", username], ["end-all-sessions", "--yes"], ["prune"]):
        assert main(command) == 0, (command, capsys.readouterr().err)
    key.unlink()
    assert main(["prune"]) == 1
