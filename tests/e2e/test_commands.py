"""`doorward migrate` and `doorward check-config`, as an operator runs them."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.e2e.people import LIVENESS, READINESS, Client, all_at_once
from tests.e2e.stack import Stack

TABLES = "SELECT relname FROM pg_stat_user_tables WHERE relname NOT LIKE '%version%' ORDER BY relname"
VERSION_TABLES = "SELECT relname FROM pg_stat_user_tables WHERE relname LIKE '%version%'"
SLEEPERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
HELD_UP_SECONDS = 6


def hold_up_until_all_have_started(stack: Stack, database: str) -> None:
    """Claim the name of a table for a while, and then do without it: who migrates meanwhile has to wait."""
    stack.sql(f"BEGIN; CREATE TABLE users (); SELECT pg_sleep({HELD_UP_SECONDS}); ROLLBACK", database)


def test_of_four_migrations_at_once_all_succeed_and_the_schema_is_there_once(stack: Stack) -> None:
    database = "migrated_by_four"
    stack.sql(f"CREATE DATABASE {database}")
    with ThreadPoolExecutor(1) as thread:
        held_up = thread.submit(hold_up_until_all_have_started, stack, database)
        while stack.sql(SLEEPERS) == "0":
            assert not held_up.done()
        outcomes = all_at_once([partial(stack.run_command, "migrate", POSTGRES_DB=database)] * 4)
        held_up.result()
    assert [outcome.status for outcome in outcomes] == [0] * 4, [outcome.output for outcome in outcomes]
    assert stack.sql(TABLES, database).splitlines() == ["refresh_families", "users"]
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
    with stack.service(POSTGRES_DB=database) as service:
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
    shown = dict(line.split("=", 1) for line in outcome.output.splitlines())
    assert {shown["SECRET_KEY"], shown["DATABASE_URL"]} == {"**********"}
    assert (shown["RATE_LIMIT_TOKEN"], shown["BCRYPT_ROUNDS"], shown["ENVIRONMENT"]) == ("7/hour", "10", "production")
    assert shown.keys() >= {"ALGORITHM", "TRUSTED_PROXIES", "DB_POOL_MAX_CONN", "LOG_LEVEL", "WEB_CONCURRENCY"}
    assert stack.settings["SECRET_KEY"][:20] not in outcome.output


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
