"""Migrations run once, also with concurrent starts, and never downgrade."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from doorward.infrastructure.migrations import LOCK_KEY, migrate, newest_version
from doorward.infrastructure.postgres.database import SCHEMA_VERSION

VERSIONS = "SELECT version_num FROM doorward_schema_version"


def _versions(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(VERSIONS).fetchall()]


def test_the_code_needs_the_newest_migration() -> None:
    assert newest_version() == SCHEMA_VERSION


def test_migrating_stores_and_returns_the_newest_version(empty_database: str) -> None:
    assert migrate(empty_database) == newest_version()
    assert _versions(empty_database) == [newest_version()]


def test_migrating_twice_changes_nothing(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash) "
            "VALUES (gen_random_uuid(), 'ada@example.com', 'ada@example.com', 'ada', 'ada', '!')"
        )
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_a_newer_schema_is_not_changed(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("UPDATE doorward_schema_version SET version_num = '9999'")
    assert migrate(empty_database) == "9999"
    assert _versions(empty_database) == ["9999"]


def _wait_for_queue(connection: psycopg.Connection, length: int) -> None:
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
        "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    deadline = time.monotonic() + 60
    while connection.execute(query).fetchone() != (length,):
        assert time.monotonic() < deadline, "a process did not wait for the running migration"
        time.sleep(0.05)


def test_four_concurrent_processes_migrate_once(empty_database: str, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", empty_database)
    command = [sys.executable, "-m", "doorward", "migrate"]
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        processes = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
        ]
        _wait_for_queue(other, 4)
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    assert ended == [(f"doorward: the schema is at version {newest_version()}\n", "", 0)] * 4
    assert _versions(empty_database) == [newest_version()]


def test_a_migration_waits_for_a_running_one(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate(empty_database, turn_wait="50ms")
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    assert migrate(empty_database) == newest_version()


def test_a_schema_change_times_out_instead_of_blocking_the_traffic(empty_database: str) -> None:
    conninfo = psycopg.conninfo.make_conninfo(empty_database, options="-c statement_timeout=20s")
    with psycopg.connect(empty_database) as other:
        other.execute("CREATE TABLE users ()")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate(conninfo, table_wait="50ms")


def test_a_migration_that_fails_changes_nothing_and_raises_the_drivers_error(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE refresh_families (id integer)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('users')").fetchone() == (None,)


def test_a_read_only_database_raises_the_drivers_error(empty_database: str) -> None:
    name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with pytest.raises(psycopg.Error):
        migrate(empty_database)


def test_no_version_keeps_a_table_locked_while_the_next_one_waits(empty_database: str) -> None:
    """A login locks its user and then adds a session. Version 0011 alters sessions, 0012 users."""
    migrate(empty_database, until="0010")
    with psycopg.connect(empty_database) as login, ThreadPoolExecutor() as other:
        login.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE")
        migration = other.submit(migrate, empty_database, until="0012")
        try:
            _wait_for_waiter(empty_database, "users")
            login.execute("LOCK TABLE sessions IN ROW EXCLUSIVE MODE NOWAIT")
        finally:
            login.commit()
        assert migration.result() == "0012"


def _wait_for_waiter(url: str, table: str) -> None:
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass(%s)"
    deadline = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(waiting, [table]).fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.01)
