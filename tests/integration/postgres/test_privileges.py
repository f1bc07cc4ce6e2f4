"""A role without privileges on a table is refused at the start, in one line."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from doorward.infrastructure.postgres.session_settings import UnsuitableDatabaseError
from doorward.infrastructure.postgres.start_check import inspect_database
from doorward.infrastructure.postgres.tables import TABLES
from doorward.settings.database import DatabaseSettings


@pytest.fixture
def limited(own_database: str) -> Iterator[str]:
    """The name of a role that owns no table and may use all of them."""
    name = f"limited_{uuid4().hex}"
    role = sql.Identifier(name)
    with psycopg.connect(own_database, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        owner.execute(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role))
        yield name
        owner.execute(sql.SQL("DROP OWNED BY {}").format(role))
        owner.execute(sql.SQL("DROP ROLE {}").format(role))


def settings_of(database: str, role: str) -> DatabaseSettings:
    parameters = psycopg.conninfo.conninfo_to_dict(make_conninfo(database, user=role))
    url = f"postgresql://{role}@/{parameters['dbname']}?host={parameters['host']}&port={parameters['port']}"
    return DatabaseSettings.model_validate({"database_url": url}, context={"environment": "development"})


async def test_a_role_with_the_documented_privileges_is_accepted(own_database: str, limited: str) -> None:
    assert await inspect_database(settings_of(own_database, limited)) is not None


@pytest.mark.parametrize(
    ("right", "table"),
    [
        ("INSERT", "audit_events"),
        ("DELETE", "audit_events"),
        ("SELECT", "sessions"),
        ("UPDATE", "sessions"),
        ("UPDATE", "webhook_endpoints"),
        ("INSERT", "oauth_codes"),
    ],
)
async def test_a_role_without_a_privilege_is_refused_with_the_name_of_the_table(
    own_database: str, limited: str, right: str, table: str
) -> None:
    with psycopg.connect(own_database, autocommit=True) as owner:
        command = sql.SQL("REVOKE {} ON {} FROM {}")
        owner.execute(command.format(sql.SQL(right), sql.Identifier(table), sql.Identifier(limited)))
    with pytest.raises(UnsuitableDatabaseError, match=f"the role may not use {table}. "):
        await inspect_database(settings_of(own_database, limited))


async def test_a_table_of_another_application_is_not_checked(own_database: str, limited: str) -> None:
    with psycopg.connect(own_database, autocommit=True) as owner:
        owner.execute("CREATE TABLE invoices (id integer)")
    assert await inspect_database(settings_of(own_database, limited)) is not None


def test_every_table_of_the_service_is_checked(own_database: str) -> None:
    with psycopg.connect(own_database) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert sorted(name for (name,) in found) == sorted([*TABLES, "doorward_schema_version"])
