"""The product behind PgBouncer in transaction mode: no session of PostgreSQL is its own."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from development.proof.database_settings.journey import Journey
from tests.e2e.people import Client, all_at_once, tokens_of
from tests.e2e.stack import EXIT_SECONDS, QUICK_HASHES, Stack
from tests.e2e.test_refresh_races import refresh_sixty_times_at_once
from tests.e2e.test_refused_starts import assert_refused_in_one_line

DATABASE = "behind_pgbouncer"
CALLERS = 60
HOLD_THE_TABLE = "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600); COMMIT"
END_THE_HOLD = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
SLEEPERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
LOCK_NOT_AVAILABLE = '"sqlstate": "55P03"'
SETTINGS = {
    "prepared statements": ([], "5"),
    "none": (["max_prepared_statements = 0"], "0"),
}
"""What PgBouncer is told, and DB_PREPARE_THRESHOLD. The second for versions before 1.21, which know none."""

HOSTILE = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "array_nulls": "off",
    "search_path": "elsewhere",
    "default_transaction_isolation": "serializable",
    "exit_on_error": "on",
    "gin_fuzzy_search_limit": "1",
    "statement_timeout": "1h",
    "lock_timeout": "1ms",
}
UNSUITABLE = {
    "ignore_startup_parameters": (["ignore_startup_parameters ="], "", "ignore_startup_parameters = options"),
    "statement mode": (["pool_mode = statement"], "", "pool_mode = transaction"),
    "no connect_query": (["[databases]", f"{DATABASE} = {{server}}"], "bytea_output", "connect_query"),
    "synchronous_commit": ([], "synchronous_commit", "connect_query"),
}
"""What PgBouncer is told, the setting of the database that is then wrong, and what the refusal says of the remedy."""

UNSUITABLE_VALUE = {"bytea_output": "escape", "synchronous_commit": "off"}


@pytest.fixture(params=SETTINGS)
def pooled(request: pytest.FixtureRequest, stack: Stack) -> Iterator[dict[str, str]]:
    """Settings with which a service runs on a database of its own, behind PgBouncer."""
    pgbouncer, threshold = SETTINGS[request.param]
    with _behind(stack, pgbouncer) as address:
        yield {**address, "DB_PREPARE_THRESHOLD": threshold}


@contextlib.contextmanager
def _behind(stack: Stack, pgbouncer: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield where an empty database is, behind PgBouncer; drop it afterwards."""
    stack.sql(f"CREATE DATABASE {DATABASE}")
    try:
        with stack.pgbouncer(pgbouncer) as pooler:
            host, _, port = pooler.address().rpartition(":")
            yield {"POSTGRES_HOST": host, "POSTGRES_PORT": port, "POSTGRES_DB": DATABASE}
    finally:
        stack.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def test_migrations_and_the_whole_flow_work_through_it(stack: Stack, pooled: dict[str, str]) -> None:
    outcomes = all_at_once([partial(stack.run_command, "migrate", **pooled)] * 3)
    assert [outcome.status for outcome in outcomes] == [0] * 3, [outcome.output for outcome in outcomes]
    with stack.service(**pooled) as service:
        client = Client(service)
        person = client.new_person()
        tokens = client.log_in(person)
        for _ in range(20):
            tokens = tokens_of(client.refresh(tokens.refresh))
            assert client.me(tokens.access).json()["username"] == person.username
        assert "database.unavailable" not in service.logs()
        _, answers, statuses = refresh_sixty_times_at_once(client)
        assert statuses == {200: 1, 401: CALLERS - 1}
        winner = tokens_of(next(answer for answer in answers if answer.ok))
        assert client.me(winner.access).status_code == 401
        assert client.revoke(client.log_in(person).refresh).status_code == 204


def _change_database(stack: Stack, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        stack.sql(f"ALTER DATABASE {DATABASE} SET {name} = '{value}'")


@pytest.mark.parametrize("flaw", UNSUITABLE)
def test_a_configuration_that_does_not_fit_is_one_line(stack: Stack, flaw: str) -> None:
    settings, setting, remedy = UNSUITABLE[flaw]
    with _behind(stack, ["max_prepared_statements = 0", *settings]) as address:
        if setting:
            _change_database(stack, {setting: UNSUITABLE_VALUE[setting]})
        for command in ("migrate", "serve"):
            assert_refused_in_one_line(stack.run_command(command, **address), setting, remedy)


def test_hostile_settings_of_the_database_change_no_answer_behind_it(stack: Stack, pooled: dict[str, str]) -> None:
    _change_database(stack, HOSTILE)
    assert stack.run_command("migrate", **pooled).status == 0
    with stack.service(**pooled, **QUICK_HASHES) as service:
        asyncio.run(_all_at_once(service.base_url))


async def _all_at_once(url: str) -> None:
    """Have two people at a time: as many as there are places for imports."""
    async with httpx.AsyncClient(base_url=url, timeout=EXIT_SECONDS, trust_env=False) as client:
        await asyncio.gather(*(Journey(client).run() for _ in range(2)))


def test_its_connect_query_bounds_each_statement(stack: Stack, pooled: dict[str, str]) -> None:
    assert stack.run_command("migrate", **pooled).status == 0
    with stack.service(**pooled) as service, ThreadPoolExecutor(1) as thread:
        client = Client(service)
        access_token = client.log_in().access
        held = thread.submit(stack.sql, HOLD_THE_TABLE, DATABASE)
        try:
            while stack.sql(SLEEPERS) == "0":
                assert not held.done()
            assert client.me(access_token).status_code == 503
        finally:
            stack.sql(END_THE_HOLD)
        with pytest.raises(AssertionError):
            # psql tells that its connection was ended.
            held.result()
        assert LOCK_NOT_AVAILABLE in service.logs()
        assert client.me(access_token).status_code == 200
