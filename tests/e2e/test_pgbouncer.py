"""The product behind PgBouncer in transaction mode: no session of PostgreSQL is its own."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from development.client import pair
from development.proof.database_settings.journey import Journey
from tests.e2e.people import all_at_once, client_of
from tests.e2e.pgbouncer import behind_pgbouncer, change_database
from tests.e2e.stack import QUICK_HASHES, Service, Stack

DATABASE = "behind_pgbouncer"
CALLERS = (60, 60, 30, 15, 8)
"""Each more than PgBouncer has connections."""
HOLD_THE_TABLE = "SET lock_timeout = 0; LOCK TABLE public.sessions; SELECT pg_sleep(600)"
"""In one transaction, as psql sends what `-c` says."""

END_THE_HOLD = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
SLEEPERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
LOCK_NOT_AVAILABLE = "55P03"
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


@pytest.fixture(scope="module", params=SETTINGS)
def pooled(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Service]:
    """A service behind PgBouncer, on a database of its own whose settings are hostile, migrated by three at once."""
    pgbouncer, threshold = SETTINGS[request.param]
    with behind_pgbouncer(stack, DATABASE, pgbouncer) as address:
        change_database(stack, DATABASE, HOSTILE)
        settings = {**address, "DB_PREPARE_THRESHOLD": threshold, **QUICK_HASHES}
        with ThreadPoolExecutor(3) as threads:
            started = [threads.submit(stack.run_command, "migrate", **settings) for _ in range(3)]
        outcomes = [each.result() for each in started]
        assert [outcome.status for outcome in outcomes] == [0] * 3, [outcome.output for outcome in outcomes]
        with stack.service(**settings) as service:
            yield service


async def test_the_whole_flow_works_through_it(pooled: Service) -> None:
    client = client_of(pooled)
    person = await client.register()
    tokens = await client.log_in(person)
    for _ in range(20):
        tokens = await client.refresh(tokens.refresh)
        assert (await client.get_me(tokens.access)).json()["username"] == person.username
    assert "database.unavailable" not in pooled.logs()
    assert (await client.post_revoke((await client.log_in(person)).refresh)).status_code == 204


async def test_of_sixty_uses_of_one_token_through_it_one_succeeds_and_the_session_is_over(pooled: Service) -> None:
    client = client_of(pooled)
    for callers in CALLERS:
        token = (await client.log_in()).refresh
        answers = await all_at_once(client.post_refresh(token) for _ in range(callers))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[200] <= 1
        # 503: the machine stood still for too long, and nothing is shown.
        if 503 not in statuses:
            break
    assert statuses == {200: 1, 401: callers - 1}
    winner = pair(next(answer for answer in answers if answer.is_success))
    assert (await client.get_me(winner.access)).status_code == 401


async def test_hostile_settings_of_the_database_change_no_answer_behind_it(pooled: Service) -> None:
    """Two people at a time: as many as there are places for imports."""
    async with client_of(pooled, keeps_alive=True) as client:
        await all_at_once(Journey(client.client).run() for _ in range(2))


async def test_its_connect_query_bounds_each_statement(stack: Stack, pooled: Service) -> None:
    client = client_of(pooled)
    access_token = (await client.log_in()).access
    with ThreadPoolExecutor(1) as thread:
        held = thread.submit(stack.sql, HOLD_THE_TABLE, DATABASE)
        try:
            while stack.sql(SLEEPERS) == "0":
                assert not held.done()
            assert (await client.get_me(access_token)).status_code == 503
        finally:
            stack.sql(END_THE_HOLD)
        with pytest.raises(AssertionError):
            # psql tells that its connection was ended.
            held.result()
    assert LOCK_NOT_AVAILABLE in pooled.logs()
    assert (await client.get_me(access_token)).status_code == 200
