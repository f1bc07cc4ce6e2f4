"""The tables are in one schema, and objects of other schemas or other names never replace them."""

import asyncio

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from development.proof.database_settings.journey import Journey
from doorward.commands.main import main
from doorward.wiring.operations import prune
from tests.integration.service import MakeService

TRAPS = (
    "to_tsquery(text, text) RETURNS tsquery",
    "to_tsquery(text) RETURNS tsquery",
    "ts_rank(tsvector, text) RETURNS real",
    "unnest(text[]) RETURNS SETOF text",
    "unnest(uuid[]) RETURNS SETOF uuid",
    "pg_relation_size(text) RETURNS bigint",
    "current_setting(varchar) RETURNS text",
    "set_config(varchar, varchar, boolean) RETURNS text",
    "pg_try_advisory_xact_lock(integer) RETURNS boolean",
    "contains(text[], text[]) RETURNS boolean",
    "to_tsvector(text, text) RETURNS tsvector",
    "setweight(tsvector, text) RETURNS tsvector",
    "equals(varchar, varchar) RETURNS boolean",
)
"""Functions that match calls without exact types better than PostgreSQL's own."""


@pytest.fixture
def settings(environment: pytest.MonkeyPatch, empty_database: str) -> pytest.MonkeyPatch:
    environment.setenv("DATABASE_URL", empty_database)
    return environment


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _set_search_path(url: str, path: str) -> None:
    name = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET search_path = {}").format(name, sql.SQL(path)))


def _schemas_of(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = %s", [table])
        return [row[0] for row in rows]


def _refusal(capsys: pytest.CaptureFixture[str], command: str) -> str:
    assert main([command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


@pytest.mark.usefixtures("settings")
def test_the_tables_are_created_in_public_for_every_search_path(empty_database: str) -> None:
    _run(empty_database, "CREATE SCHEMA other")
    _set_search_path(empty_database, "other, public")
    assert main(["migrate"]) == 0
    assert _schemas_of(empty_database, "users") == ["public"]


async def test_the_tables_are_created_in_the_configured_schema(
    make_service: MakeService, empty_database: str, settings: pytest.MonkeyPatch
) -> None:
    _run(empty_database, "CREATE SCHEMA doorward")
    settings.setenv("DB_SCHEMA", "doorward")
    assert await asyncio.to_thread(main, ["migrate"]) == 0
    assert _schemas_of(empty_database, "users") == ["doorward"]
    service = await make_service(database_url=empty_database, db_schema="doorward")
    await Journey(service.client).run()
    assert (await service.client.get("/health/readiness")).status_code == 200


def test_a_missing_schema_is_reported_in_one_line(
    settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.setenv("DB_SCHEMA", "nowhere")
    for command in ("migrate", "serve"):
        assert "there is no schema nowhere. Make it with CREATE SCHEMA nowhere" in _refusal(capsys, command)


@pytest.mark.usefixtures("settings")
def test_tables_that_an_older_version_created_in_another_schema_are_reported(
    capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    _run(empty_database, "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.doorward_schema_version (version_num text)")
    for command in ("migrate", "serve"):
        assert "are in the schema elsewhere, not in public. Set DB_SCHEMA=elsewhere" in _refusal(capsys, command)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("schema", ["extensions", 'Odd "Name"'])
def test_extensions_may_be_in_any_schema(empty_database: str, schema: str) -> None:
    quoted = '"' + schema.replace('"', '""') + '"'
    _run(
        empty_database,
        f"CREATE SCHEMA {quoted}",
        f"CREATE EXTENSION pg_trgm SCHEMA {quoted}",
        f"CREATE EXTENSION btree_gin SCHEMA {quoted}",
    )
    assert main(["migrate"]) == 0


@pytest.mark.usefixtures("settings")
async def test_functions_and_operators_in_the_tables_schema_are_not_executed(
    make_service: MakeService, empty_database: str
) -> None:
    """Up to PostgreSQL 14, every role may create objects in public."""
    traps = [
        f"CREATE FUNCTION public.{trap} LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'trapped'; END $$"
        for trap in TRAPS
    ]
    _run(
        empty_database,
        *traps,
        "CREATE OPERATOR public.@> (FUNCTION = public.contains, LEFTARG = text[], RIGHTARG = text[])",
    )
    assert await asyncio.to_thread(main, ["migrate"]) == 0
    # Alembic compares versions as varchar, so the migration would execute this operator.
    _run(empty_database, "CREATE OPERATOR public.= (FUNCTION = public.equals, LEFTARG = varchar, RIGHTARG = varchar)")
    service = await make_service(database_url=empty_database)
    await Journey(service.client).run()
    _, pair = await service.register_and_log_in()
    bearer = {"Authorization": f"Bearer {pair.access}"}
    made = await service.client.post("/api/v1/items", headers=bearer, json={"title": "Casablanca"})
    assert made.status_code == 201
    found = await service.client.get("/api/v1/items/search", headers=bearer, params={"q": "casablnca"})
    assert found.json()["pagination"]["total_items"] == 1
    assert await prune(service.settings) is not None
