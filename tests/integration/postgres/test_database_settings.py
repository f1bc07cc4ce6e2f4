"""PostgreSQL settings from any source cannot change the responses of the service."""

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from development.long_timeouts import LONG_TIMEOUTS
from development.postgres import EmbeddedPostgres
from development.proof.database_settings.changes import list_changes
from development.proof.database_settings.walk import MAY_BE_REFUSED, Walk, ordinary_database
from doorward.commands.main import main
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection
from doorward.infrastructure.postgres.database import with_session_options
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from tests.integration.service import Logs, MakeService, events, is_problem, mark, settings_of_the_ring

CHANGES_PER_BATCH = 40
SOON_REFUSED = replace(LONG_TIMEOUTS, pool_wait=5, reconnect=3)
"""Settings may prevent new sessions; with the long timeouts each call would then wait for the rest of the minute."""

HOSTILE = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "array_nulls": "off",
    "search_path": "pg_temp",
    "default_transaction_isolation": "serializable",
    "row_security": "off",
    "exit_on_error": "on",
    "gin_fuzzy_search_limit": "1",
    "synchronous_commit": "off",
    "session_replication_role": "replica",
    "transaction_timeout": "1h",
    "idle_session_timeout": "1h",
    "log_parameter_max_length_on_error": "-1",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
}
HELD = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "array_nulls": "on",
    "search_path": '"public", pg_temp',
    "default_transaction_isolation": "read committed",
    "row_security": "on",
    "exit_on_error": "off",
    "gin_fuzzy_search_limit": "0",
    "synchronous_commit": "on",
    "session_replication_role": "origin",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "log_parameter_max_length_on_error": "0",
    "statement_timeout": "2s",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "5s",
}


@pytest.fixture
def limits_of_time() -> Timeouts:
    """The timeouts of production."""
    return TIMEOUTS


def _name_of(url: str) -> sql.Identifier:
    return sql.Identifier(str(conninfo_to_dict(url)["dbname"]))


def _change_database(url: str, **settings: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in settings.items():
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(statement.format(_name_of(url), sql.Identifier(name), sql.Literal(value)))


async def _settings_of(connection: psycopg.AsyncConnection) -> dict[str, str]:
    rows = await connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(HELD)])
    return dict(await rows.fetchall())


async def _held_settings(url: str) -> dict[str, str]:
    async with await PromptlyClosedConnection.connect(with_session_options(url)) as connection:
        return await _settings_of(connection)


async def test_extreme_values_of_every_setting_change_no_response_or_are_refused_clearly(
    postgres: EmbeddedPostgres, secret_key: str, findings: list[str]
) -> None:
    with ordinary_database(postgres.url()) as url, psycopg.connect(postgres.url(), autocommit=True) as admin:
        settings = settings_of_the_ring(url, secret_key, {"db_pool_max_conn": 3})
        changes = list_changes(admin)
        walks = Walk(settings, admin, timeouts=LONG_TIMEOUTS), Walk(settings, admin, timeouts=SOON_REFUSED)
        async with walks[0].running():
            await walks[0].try_all(
                [change for change in changes if change.name not in MAY_BE_REFUSED], CHANGES_PER_BATCH
            )
        async with walks[1].running():
            await walks[1].try_all([change for change in changes if change.name in MAY_BE_REFUSED], 1)
    assert [walk.findings.faults for walk in walks] == [[], []]
    assert not {**walks[0].findings.refused, **walks[0].findings.unavailable}
    # PostgreSQL accepts nearly all of the values.
    right = sum(len(walk.findings.right) for walk in walks)
    assert right > len(changes) * 0.9
    findings.append(f"database settings: {right} of {len(changes)} values changed no answer")


async def test_settings_of_the_database_do_not_affect_a_connection(own_database: str) -> None:
    assert await _held_settings(own_database) == HELD
    _change_database(own_database, **HOSTILE)
    assert await _held_settings(own_database) == HELD


async def test_settings_of_the_environment_do_not_affect_a_connection(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATESTYLE", "German, DMY")
    monkeypatch.setenv("PGTZ", "Pacific/Kiritimati")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGOPTIONS", "-c standard_conforming_strings=off")
    assert await _held_settings(own_database) == HELD


async def test_settings_of_the_url_affect_a_connection_only_if_no_response_depends_on_them(own_database: str) -> None:
    options = "-c statement_timeout=0 -c DateStyle=German -c search_path=pg_temp -c work_mem=7MB"
    url = make_conninfo(own_database, options=options, client_encoding="LATIN1")
    async with await PromptlyClosedConnection.connect(with_session_options(url)) as connection:
        assert await _settings_of(connection) == HELD
        cursor = await connection.execute("SHOW work_mem")
        assert await cursor.fetchone() == ("7MB",)


@pytest.mark.parametrize("value", ["local", "remote_write", "remote_apply"])
async def test_durable_synchronous_commit_settings_of_the_operator_are_kept(own_database: str, value: str) -> None:
    _change_database(own_database, synchronous_commit=value)
    assert (await _held_settings(own_database))["synchronous_commit"] == value


async def test_transactions_are_read_committed_for_every_session_default(own_database: str) -> None:
    async with await PromptlyClosedConnection.connect(with_session_options(own_database)) as connection:
        await connection.execute("SET default_transaction_isolation = serializable")
        await connection.commit()
        cursor = await connection.execute("SHOW transaction_isolation")
        assert await cursor.fetchone() == ("read committed",)


async def test_timestamps_are_parsed_in_every_datestyle(own_database: str) -> None:
    """Behind a pooler, a session may be replaced by one whose settings were not checked."""
    async with await PromptlyClosedConnection.connect(with_session_options(own_database)) as connection:
        await connection.execute("SET DateStyle = 'SQL, DMY'")
        cursor = await connection.execute("SELECT timestamptz '2026-03-01 12:00+00'")
        (moment,) = await cursor.fetchone() or (None,)
        assert moment is not None
        assert moment.isoformat() == "2026-03-01T12:00:00+00:00"


async def test_a_setting_only_a_superuser_can_reset_returns_503_and_is_logged(
    make_service: MakeService,
    own_database: str,
    logs: Logs,
) -> None:
    role = mark()
    with psycopg.connect(own_database, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    _change_database(own_database, session_replication_role="replica")
    url = own_database.replace("postgres@", f"{role}@", 1)
    service = await make_service(database_url=url)
    assert is_problem(await service.post_token("ada", "correct horse battery"), 503, "service_unavailable")
    (line, *_) = events(logs, "database.unsuitable")
    assert "session_replication_role is 'replica', needed 'origin'" in line["why"]


@pytest.fixture
def encoded(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database with another encoding."""
    name = mark()
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        statement = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
        admin.execute(statement.format(sql.Identifier(name), sql.Literal(request.param)))
    return postgres.url(name)


def _refusal(capsys: pytest.CaptureFixture[str], command: str) -> str:
    assert main([command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


@pytest.mark.parametrize("encoded", ["SQL_ASCII", "LATIN1", "EUC_JP"], indirect=True)
def test_a_database_with_another_encoding_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoded: str
) -> None:
    environment.setenv("DATABASE_URL", encoded)
    for command in ("migrate", "serve"):
        assert "needed UTF8. Make another database with ENCODING 'UTF8'" in _refusal(capsys, command)


def test_a_setting_only_a_superuser_can_reset_is_reported_in_one_line_at_the_start(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_database: str
) -> None:
    role = mark()
    with psycopg.connect(own_database, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    _change_database(own_database, session_replication_role="replica")
    environment.setenv("DATABASE_URL", own_database.replace("postgres@", f"{role}@", 1))
    for command in ("migrate", "serve"):
        line = _refusal(capsys, command)
        assert "session_replication_role is 'replica', needed 'origin'. Undo it with ALTER DATABASE" in line


def test_migrations_run_on_a_database_with_hostile_settings(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    _change_database(empty_database, **HOSTILE)
    environment.setenv("DATABASE_URL", empty_database)
    assert main(["migrate"]) == 0, capsys.readouterr().err
