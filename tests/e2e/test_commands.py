"""What operators run: `doorward migrate`, `check-config`, `deactivate` and `activate`."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.e2e.people import LIVENESS, READINESS, Client, all_at_once
from tests.e2e.stack import QUICK_HASHES, Stack

TABLES = "SELECT relname FROM pg_stat_user_tables WHERE relname NOT LIKE '%version%' ORDER BY relname"
VERSION_TABLES = "SELECT relname FROM pg_stat_user_tables WHERE relname LIKE '%version%'"
MIGRATIONS = 4
HOLD_UP = f"""
BEGIN;
CREATE TABLE users ();
SELECT pg_advisory_lock(1);
DO $$
DECLARE
    waiting integer;
    first_seen timestamptz;
BEGIN
    LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT count(*) INTO waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock';
        IF waiting > 0 THEN
            first_seen := coalesce(first_seen, clock_timestamp());
        END IF;
        EXIT WHEN waiting >= {MIGRATIONS} OR clock_timestamp() > first_seen + interval '3 seconds';
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
ROLLBACK
"""
"""Claim the name of a table until all who migrate wait, and then do without it. A migration gives up after ten seconds
of waiting for a table, so those that are late by three find the first one under way or done."""

HELD_UP = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND granted"


def test_of_four_migrations_at_once_all_succeed_and_the_schema_is_there_once(stack: Stack) -> None:
    database = "migrated_by_four"
    stack.sql(f"CREATE DATABASE {database}")
    with ThreadPoolExecutor(1) as thread:
        held_up = thread.submit(stack.sql, HOLD_UP, database)
        while stack.sql(HELD_UP, database) == "0":
            assert not held_up.done()
        outcomes = all_at_once([partial(stack.run_command, "migrate", POSTGRES_DB=database)] * MIGRATIONS)
        held_up.result()
    assert [outcome.status for outcome in outcomes] == [0] * MIGRATIONS, [outcome.output for outcome in outcomes]
    assert stack.sql(TABLES, database).splitlines() == ["housekeeping_runs", "items", "sessions", "users"]
    version_table = stack.sql(VERSION_TABLES, database)
    assert stack.sql(f"SELECT count(*) FROM {version_table}", database) == "1"


def test_a_second_migration_finds_nothing_to_do(stack: Stack) -> None:
    version = f"SELECT version_num FROM {stack.sql(VERSION_TABLES)}"
    before = stack.sql(version)
    outcome = stack.run_command("migrate")
    assert outcome.status == 0
    assert before in outcome.output
    assert stack.sql(version) == before


def test_a_service_is_not_ready_while_its_schema_is_behind(stack: Stack) -> None:
    database = "set_back"
    stack.sql(f"CREATE DATABASE {database}")
    assert stack.run_command("migrate", POSTGRES_DB=database).status == 0
    with stack.service(**QUICK_HASHES, POSTGRES_DB=database) as service:
        client = Client(service)
        stack.sql(f"UPDATE {stack.sql(VERSION_TABLES, database)} SET version_num = '0000'", database)
        assert client.call("GET", READINESS).status_code == 503
        assert client.call("GET", LIVENESS).status_code == 200


def test_a_migration_without_a_database_says_so_in_one_line(stack: Stack) -> None:
    outcome = stack.run_command("migrate", POSTGRES_HOST="127.0.0.1", POSTGRES_PORT="1")
    assert outcome.status != 0
    assert len(outcome.output.splitlines()) == 1
    assert "PostgreSQL cannot be used" in outcome.output


def test_check_config_shows_every_setting_and_masks_the_secrets(stack: Stack) -> None:
    url = f"postgresql://somebody:{stack.settings['SECRET_KEY'][:20]}@localhost/doorward"
    outcome = stack.run_command("check-config", DATABASE_URL=url, RATE_LIMIT_TOKEN="7/hour")
    assert outcome.status == 0
    shown = dict(line.partition("  # ")[0].split("=", 1) for line in outcome.output.splitlines())
    assert {shown["SECRET_KEY"], shown["DATABASE_URL"]} == {"**********"}
    assert (shown["RATE_LIMIT_TOKEN"], shown["BCRYPT_ROUNDS"], shown["ENVIRONMENT"]) == ("7/hour", "10", "production")
    assert shown.keys() >= {"ALGORITHM", "TRUSTED_PROXIES", "DB_POOL_MAX_CONN", "LOG_LEVEL", "WEB_CONCURRENCY"}
    assert stack.settings["SECRET_KEY"][:20] not in outcome.output
    assert "\nRATE_LIMIT_TOKEN=7/hour  # environment\n" in outcome.output
    assert "\nALGORITHM=HS256  # default\n" in outcome.output


def test_check_config_names_every_unusable_and_misspelt_setting_at_once(stack: Stack) -> None:
    outcome = stack.run_command(
        "check-config", BCRYPT_ROUNDS="4", RATE_LIMIT_TOKEN="many", TRUSTED_PROXIES="nobody", WEB_CONCURENCY="2"
    )
    assert outcome.status != 0
    lines = outcome.output.splitlines()
    assert len(lines) == 4
    for name in ("BCRYPT_ROUNDS", "RATE_LIMIT_TOKEN", "TRUSTED_PROXIES", "WEB_CONCURENCY"):
        assert sum(name in line for line in lines) == 1
    assert "did you mean WEB_CONCURRENCY?" in outcome.output


def test_a_deactivated_user_is_out_at_the_next_call_and_back_only_by_a_new_login(stack: Stack, client: Client) -> None:
    person = client.new_person()
    tokens = client.log_in(person)
    barred = stack.run_command("deactivate", person.email)
    assert (barred.status, "ended 1 sessions" in barred.output) == (0, True)
    refused = [client.me(tokens.access), client.refresh(tokens.refresh), client.token(person)]
    assert [answer.status_code for answer in refused] == [401] * 3
    opened = stack.run_command("activate", person.username)
    assert opened.status == 0
    assert [client.me(tokens.access).status_code, client.refresh(tokens.refresh).status_code] == [401] * 2
    assert client.me(client.log_in(person).access).status_code == 200
