"""Background tasks: their due times, one process at a time, and failures."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import session_conninfo
from doorward.infrastructure.scheduler import Scheduler, Task, TaskRunner
from doorward.wiring.application import create_wired_app
from doorward.wiring.parts import Parts
from tests.integration.outbox.messages import eventually
from tests.integration.postgres.read_only import set_read_only
from tests.integration.service import Logs, MakeService, events, settings_of_the_ring

WITH_TASKS = {"background": "in_process", "housekeeping_interval_minutes": 60}
BOUND_SECONDS = 30
HOUR = timedelta(hours=1)
GUARDS = (
    "SELECT state, backend_xmin, backend_xid FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)


async def one_thing() -> int:
    return 1


def runner(database: str, work: Callable[[], Awaitable[int]] = one_thing, name: str = "test") -> TaskRunner:
    return TaskRunner(database, Task(name, HOUR, work))


def scheduler(database: str, *tasks: Task) -> Scheduler:
    return Scheduler(database, tasks, first_look_seconds=0)


def run_rows(database: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def test_of_two_processes_only_one_runs_the_task(own_database: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def long_task() -> int:
        begun.set()
        await go_on.wait()
        return 7

    first = asyncio.create_task(runner(own_database, long_task).run(only_if_due=False))
    await asyncio.wait_for(begun.wait(), BOUND_SECONDS)
    assert await runner(own_database).run(only_if_due=False) is None
    go_on.set()
    assert await first == 7
    assert await runner(own_database).run(only_if_due=False) == 1


async def test_during_a_task_its_lock_holds_no_snapshot_and_no_row(own_database: str) -> None:
    seen = []

    async def look() -> int:
        seen.extend(run_rows(own_database, GUARDS))
        return 0

    await runner(own_database, look).run(only_if_due=False)
    assert seen == [("idle in transaction", None, None)]
    assert run_rows(own_database, GUARDS) == []


async def test_a_task_that_another_process_ran_recently_is_not_due(own_database: str) -> None:
    assert await runner(own_database).run(only_if_due=True) == 1
    assert await runner(own_database).run(only_if_due=True) is None
    assert await runner(own_database).run(only_if_due=False) == 1
    run_rows(own_database, "UPDATE housekeeping_runs SET finished_at = finished_at - interval '1 hour'")
    assert await runner(own_database).run(only_if_due=True) == 1


async def test_on_a_server_that_refuses_writes_a_task_fails_and_does_not_run(
    own_database: str, secret_key: str, logs: Logs
) -> None:
    conninfo = session_conninfo(settings_of_the_ring(own_database, secret_key, {}).database)
    ran = []

    async def note() -> int:
        ran.append(1)
        return 1

    set_read_only(own_database, value=True)
    with pytest.raises(ServiceUnavailableError):
        await runner(conninfo, note).run(only_if_due=False)
    async with scheduler(conninfo, Task("test", HOUR, note)).running():
        await eventually(lambda: bool(events(logs, "housekeeping.failed")))
    assert events(logs, "housekeeping.failed")[0]["error"] == "ServiceUnavailableError"
    assert ran == []
    set_read_only(own_database, value=False)
    assert await runner(conninfo, note).run(only_if_due=False) == 1


async def test_a_failed_task_is_due_again(own_database: str) -> None:
    async def fail() -> int:
        raise ServiceUnavailableError

    with pytest.raises(ServiceUnavailableError):
        await runner(own_database, fail).run(only_if_due=True)
    assert await runner(own_database).run(only_if_due=True) == 1


async def test_each_task_has_its_own_lock(own_database: str) -> None:
    async def during_another_task() -> int:
        assert await runner(own_database).run(only_if_due=False) is None
        return await runner(own_database, name="other").run(only_if_due=False) or 0

    assert await runner(own_database, during_another_task).run(only_if_due=False) == 1


async def test_a_failure_is_logged_and_the_task_runs_again(own_database: str, logs: Logs) -> None:
    outcomes: list[Exception | None] = [
        ServiceUnavailableError(),
        psycopg.OperationalError(),
        ClocksDifferError(3_456_000.0),
        RuntimeError("a defect"),
        None,
    ]
    done = asyncio.Event()

    async def work() -> int:
        if outcome := outcomes.pop(0):
            raise outcome
        done.set()
        return 3

    async with scheduler(own_database, Task("test", timedelta(0), work)).running():
        await asyncio.wait_for(done.wait(), BOUND_SECONDS)
    events = [line["event"] for line in logs.lines() if line["event"].startswith("housekeeping.")]
    assert events[:4] == [
        "housekeeping.failed",
        "housekeeping.failed",
        "housekeeping.refused",
        "housekeeping.crashed",
    ]


async def test_a_failed_task_does_not_stop_other_tasks(own_database: str) -> None:
    done = asyncio.Event()

    async def fail() -> int:
        raise RuntimeError("a defect")

    async def succeed() -> int:
        done.set()
        return 1

    async with scheduler(own_database, Task("bad", timedelta(0), fail), Task("good", HOUR, succeed)).running():
        await asyncio.wait_for(done.wait(), BOUND_SECONDS)


async def test_an_unavailable_database_is_logged_like_any_failure(logs: Logs) -> None:
    unreachable = "host=127.0.0.1 port=1 connect_timeout=2"
    async with scheduler(unreachable, Task("test", timedelta(0), one_thing)).running(), asyncio.timeout(BOUND_SECONDS):
        while logs.text().count("housekeeping.failed") < 2:  # noqa: ASYNC110 - the log has no event to wait for
            await asyncio.sleep(0.01)


async def test_the_service_prunes_in_the_background(
    make_service: MakeService, own_database: str, secret_key: str
) -> None:
    service = await make_service(database_url=own_database)
    person, pair = await service.register_and_log_in()
    await service.post_revoke(pair.refresh)
    old = "INSERT INTO audit_events (type, version, data, occurred_at) VALUES ('user.old', 1, '{}', '2020-01-01')"
    service.sql(old)
    service.clock.advance(timedelta(days=31))
    settings = settings_of_the_ring(own_database, secret_key, WITH_TASKS)
    app = create_wired_app(settings, Parts(clock=service.clock, first_look_seconds=0))
    async with asyncio.timeout(BOUND_SECONDS), app.router.lifespan_context(app):
        while service.sessions_of(person):  # noqa: ASYNC110 - another process may prune first
            await asyncio.sleep(0.05)
        while service.sql("SELECT 1 FROM audit_events WHERE type = 'user.old'"):  # noqa: ASYNC110 - no event exists
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("changes", [{"background": "off"}, {"housekeeping_interval_minutes": 0}])
async def test_a_service_with_disabled_tasks_runs_none(
    own_database: str, secret_key: str, changes: dict[str, object]
) -> None:
    settings = settings_of_the_ring(own_database, secret_key, {**WITH_TASKS, **changes})
    app = create_wired_app(settings, Parts(first_look_seconds=0))
    async with app.router.lifespan_context(app):
        # With BACKGROUND=in_process the tasks would have started by then: the test above waits less.
        await asyncio.sleep(0.3)
    assert run_rows(own_database, "SELECT task FROM housekeeping_runs") == []


async def test_without_a_grace_period_the_end_does_not_wait_for_a_task(own_database: str, logs: Logs) -> None:
    begun = asyncio.Event()

    async def never_done() -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    async with asyncio.timeout(BOUND_SECONDS), scheduler(own_database, Task("test", HOUR, never_done)).running():
        await begun.wait()
    assert run_rows(own_database, GUARDS) == []
    assert run_rows(own_database, "SELECT task FROM housekeeping_runs") == []
    assert "housekeeping." not in logs.text()


async def test_during_the_grace_period_a_running_task_finishes_and_no_other_starts(own_database: str) -> None:
    begun, may_finish = asyncio.Event(), asyncio.Event()

    async def long_work() -> int:
        begun.set()
        await may_finish.wait()
        return 1

    async with asyncio.timeout(BOUND_SECONDS):
        async with scheduler(own_database, Task("test", timedelta(0), long_work)).running(grace_seconds=BOUND_SECONDS):
            await begun.wait()
            asyncio.get_running_loop().call_later(0.1, may_finish.set)
    assert run_rows(own_database, "SELECT task FROM housekeeping_runs") == [("test",)]
