"""Housekeeping: by itself, when it is due, in one process at a time, and whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.pruning import Pruning
from doorward.infrastructure import scheduler
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.scheduler import Housekeeper
from doorward.settings.config import Settings
from doorward.wiring.application import create_wired_app
from tests.integration.service import Logs, MakeService

BOUND_SECONDS = 30
HOUR = timedelta(hours=1)
GUARDS = (
    "SELECT state, backend_xmin, backend_xid FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)


async def one_thing() -> int:
    return 1


def housekeeper(
    database: str, task: Callable[[], Awaitable[int]] = one_thing, interval: timedelta = HOUR
) -> Housekeeper:
    return Housekeeper(database, "test", task, interval)


def run_rows(database: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def test_of_two_processes_one_does_the_task_and_the_other_nothing(own_database: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def long_task() -> int:
        begun.set()
        await go_on.wait()
        return 7

    first = asyncio.create_task(housekeeper(own_database, long_task).run(only_if_due=False))
    await asyncio.wait_for(begun.wait(), BOUND_SECONDS)
    assert await housekeeper(own_database).run(only_if_due=False) is None
    go_on.set()
    assert await first == 7
    assert await housekeeper(own_database).run(only_if_due=False) == 1


async def test_the_turn_holds_neither_a_snapshot_nor_a_row_while_the_task_runs(own_database: str) -> None:
    seen = []

    async def look() -> int:
        seen.extend(run_rows(own_database, GUARDS))
        return 0

    await housekeeper(own_database, look).run(only_if_due=False)
    assert seen == [("idle in transaction", None, None)]
    assert run_rows(own_database, GUARDS) == []


async def test_a_task_that_any_process_has_done_lately_is_not_due(own_database: str) -> None:
    assert await housekeeper(own_database).run(only_if_due=True) == 1
    assert await housekeeper(own_database).run(only_if_due=True) is None
    assert await housekeeper(own_database).run(only_if_due=False) == 1
    run_rows(own_database, "UPDATE housekeeping_runs SET finished_at = finished_at - interval '1 hour'")
    assert await housekeeper(own_database).run(only_if_due=True) == 1


async def test_a_task_that_failed_is_due_again(own_database: str) -> None:
    async def fail() -> int:
        raise ServiceUnavailableError

    with pytest.raises(ServiceUnavailableError):
        await housekeeper(own_database, fail).run(only_if_due=True)
    assert await housekeeper(own_database).run(only_if_due=True) == 1


async def test_a_failure_is_logged_and_housekeeping_goes_on(
    own_database: str, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[Exception | None] = [
        ServiceUnavailableError(),
        psycopg.OperationalError(),
        ClocksDifferError(3_456_000.0),
        RuntimeError("a defect"),
        None,
    ]
    done = asyncio.Event()

    async def task() -> int:
        if outcome := outcomes.pop(0):
            raise outcome
        done.set()
        return 3

    monkeypatch.setattr(scheduler, "FIRST_LOOK_SECONDS", 0)
    running = asyncio.create_task(housekeeper(own_database, task, timedelta(0)).run_for_ever())
    await asyncio.wait_for(done.wait(), BOUND_SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    events = [line["event"] for line in logs.lines() if line["event"].startswith("housekeeping.")]
    assert events[:4] == [
        "housekeeping.failed",
        "housekeeping.failed",
        "housekeeping.refused",
        "housekeeping.crashed",
    ]


async def test_a_database_that_is_away_is_a_failure_like_any(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "FIRST_LOOK_SECONDS", 0)
    keeper = housekeeper("host=127.0.0.1 port=1 connect_timeout=2", interval=timedelta(0))
    running = asyncio.create_task(keeper.run_for_ever())
    async with asyncio.timeout(BOUND_SECONDS):
        while "housekeeping.failed" not in logs.text():  # noqa: ASYNC110 - it is the question
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_service_prunes_by_itself(
    make_service: MakeService, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await make_service(database_url=own_database)
    person, pair = await before.register_and_log_in()
    await before.post_revoke(pair.refresh)
    before.clock.advance(timedelta(days=31))
    monkeypatch.setattr(scheduler, "FIRST_LOOK_SECONDS", 0)
    await make_service(database_url=own_database, housekeeping_interval_minutes=60)
    async with asyncio.timeout(BOUND_SECONDS):
        while before.sessions_of(person):  # noqa: ASYNC110 - it is the question
            await asyncio.sleep(0.05)


async def test_the_end_of_the_service_does_not_wait_for_housekeeping(
    own_database: str, secret_key: str, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    begun = asyncio.Event()

    async def never_done(_: Pruning) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(Pruning, "prune", never_done)
    monkeypatch.setattr(scheduler, "FIRST_LOOK_SECONDS", 0)
    settings = Settings.model_validate(
        {"environment": "development", "secret_key": secret_key, "database_url": own_database}
    )
    app = create_wired_app(settings)
    async with asyncio.timeout(BOUND_SECONDS), app.router.lifespan_context(app):
        await begun.wait()
    assert run_rows(own_database, GUARDS) == []
    assert run_rows(own_database, "SELECT task FROM housekeeping_runs") == []
    assert "housekeeping." not in logs.text()
