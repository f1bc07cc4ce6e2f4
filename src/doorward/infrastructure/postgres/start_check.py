"""Checks of the database at start: its settings, schema, version, and the role's privileges."""

import asyncio
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from doorward.infrastructure.postgres.connections import PromptlyClosedConnection
from doorward.infrastructure.postgres.database import session_conninfo
from doorward.infrastructure.postgres.session_settings import UnsuitableDatabaseError
from doorward.infrastructure.postgres.tables import TABLES
from doorward.settings.database import DatabaseSettings

CONNECT_SECONDS: Final = 5


def stored_schema_version(settings: DatabaseSettings) -> str | None:
    """Return the result of ``inspect_database``, for commands, which have no event loop yet."""
    return asyncio.run(inspect_database(settings))


async def inspect_database(settings: DatabaseSettings) -> str | None:
    """Return the newest migration that the database has, or None before the first. Connects as the pool does.

    Raises ``UnsuitableDatabaseError`` for an encoding, settings or schemas that the service cannot work with, or
    another ``psycopg.Error``.
    """
    try:
        connection = await PromptlyClosedConnection.connect(
            session_conninfo(settings), autocommit=True, connect_timeout=CONNECT_SECONDS
        )
    except psycopg.OperationalError as error:
        raise _explained(error) from error
    try:
        # In a transaction: a pooler in statement mode refuses it, and is detected by that.
        async with connection.transaction():
            has_tables = await _has_tables(connection, settings.db_schema)
            if not has_tables:
                return None
            await _require_privileges(connection, settings.db_schema)
            return await _version(connection)
    except psycopg.errors.ProtocolViolation as error:
        raise _explained(error) from error
    finally:
        await connection.close()


async def _has_tables(connection: AsyncConnection[Any], schema: str) -> bool:
    """Return whether the schema has the service's tables. Raises ``UnsuitableDatabaseError`` if only another has."""
    cursor = await connection.execute(
        """
        SELECT pg_namespace.nspname
        FROM pg_catalog.pg_class
        JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
        WHERE pg_class.relname = 'doorward_schema_version'
        ORDER BY pg_namespace.nspname
        """
    )
    holders = [row[0] for row in await cursor.fetchall()]
    if schema in holders:
        return True
    if holders:
        raise UnsuitableDatabaseError(
            f"doorward's tables are in the schema {holders[0]}, not in {schema}. Set DB_SCHEMA={holders[0]}"
        )
    cursor = await connection.execute("SELECT pg_catalog.to_regnamespace(%(schema)s) IS NULL", {"schema": schema})
    if await cursor.fetchone() == (True,):
        raise UnsuitableDatabaseError(
            f"there is no schema {schema}. Make it with CREATE SCHEMA {schema}, or correct DB_SCHEMA"
        )
    return False


async def _require_privileges(connection: AsyncConnection[Any], schema: str) -> None:
    """Raise ``UnsuitableDatabaseError`` if the role may not use a table: calls that need it would be answered 503."""
    cursor = await connection.execute(
        """
        SELECT string_agg(pg_class.relname, ', ' ORDER BY pg_class.relname)
        FROM pg_catalog.pg_class
        JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
        WHERE pg_namespace.nspname = %(schema)s
          AND pg_class.relname = ANY(%(tables)s)
          AND NOT (
              pg_catalog.has_table_privilege(pg_class.oid, 'SELECT')
              AND pg_catalog.has_table_privilege(pg_class.oid, 'INSERT')
              AND pg_catalog.has_table_privilege(pg_class.oid, 'UPDATE')
              AND pg_catalog.has_table_privilege(pg_class.oid, 'DELETE')
          )
        """,
        {"schema": schema, "tables": TABLES},
    )
    row = await cursor.fetchone()
    if row is not None and row[0] is not None:
        command = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {row[0]} TO"
        raise UnsuitableDatabaseError(f"the role may not use {row[0]}. As the tables' owner: {command} the role")


async def _version(connection: AsyncConnection[Any]) -> str | None:
    cursor = await connection.execute("SELECT version_num FROM doorward_schema_version")
    row = await cursor.fetchone()
    return str(row[0]) if row else None


def _explained(error: psycopg.Error) -> psycopg.Error:
    """Return the error, or one that names the remedy if PgBouncer's configuration is the cause."""
    message = str(error)
    if "unsupported startup parameter" in message:
        return UnsuitableDatabaseError(
            "PgBouncer refuses the startup parameter options. "
            "Set ignore_startup_parameters = options and a connect_query in it, see docs/pgbouncer.md"
        )
    if "statement pooling" in message:
        return UnsuitableDatabaseError("PgBouncer is in statement mode. Set pool_mode = transaction in it")
    return error
