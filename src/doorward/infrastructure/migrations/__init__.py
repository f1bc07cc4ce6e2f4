"""Versioned changes of the schema, forward only, each in plain SQL."""

from importlib import resources
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

VERSION_TABLE: Final = "doorward_schema_version"
"""Not Alembic's default name, because another application in the same database may use Alembic."""

LOCK_KEY: Final = 7_241_633_905
"""Key of the advisory lock that lets one process migrate at a time. Arbitrary, but it must never change."""

TURN_WAIT: Final = "60s"
TABLE_WAIT: Final = "10s"
"""How long a migration may wait for a table lock. The service's queries on that table wait behind it."""


def migrate(conninfo: str, *, turn_wait: str = TURN_WAIT, table_wait: str = TABLE_WAIT, until: str = "head") -> str:
    """Migrate the schema to the newest version, unless it is newer already; return its version.

    Each version has its own transaction. Otherwise a version that alters the sessions would keep them locked while the
    next one waits for the users, which a login locks first: a deadlock with each login.
    ``until`` is the version at which to stop. If several processes start together, the first one migrates; the others
    wait for at most ``turn_wait``, and find nothing to do. Both waits are values in PostgreSQL's notation.
    Raises ``psycopg.Error``.
    """
    config = _config()
    # The lock belongs to the transaction: behind a pooler, other clients may share the session.
    with psycopg.connect(conninfo, connect_timeout=5) as guard:
        _bound(guard, turn_wait)
        guard.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(conninfo), poolclass=NullPool)
        try:
            with engine.connect() as connection:
                context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
                present = context.get_current_revision()
                if present is not None and present >= newest_version():
                    return present
                # The read above began a transaction, and Alembic commits only transactions that it began itself.
                connection.rollback()
                config.attributes["connection"] = connection
                config.attributes["bound"] = lambda: _bound(connection.connection.driver_connection, table_wait)
                for version in _versions_after(present, until):
                    command.upgrade(config, version)
        except DBAPIError as error:
            raise error.orig or error from error
    return newest_version() if until == "head" else until


def newest_version() -> str:
    """Return the version that the newest migration leads to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _versions_after(present: str | None, until: str) -> list[str]:
    """Return the versions that are missing, the oldest first."""
    missing = ScriptDirectory.from_config(_config()).iterate_revisions(until, present or "base")
    return [script.revision for script in missing][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files(__package__)))
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _connect(conninfo: str) -> psycopg.Connection:
    # A pooler may not support prepared statements.
    return psycopg.connect(conninfo, prepare_threshold=None)


def _bound(connection: Any, lock_wait: str) -> None:  # noqa: ANN401 - the driver's, untyped in Alembic
    """Remove the transaction's statement timeout, and bound its waits for locks.

    The settings are local to the transaction, because a pooler may give the connection to the service afterwards.
    """
    connection.execute(
        """
        SELECT
            set_config('lock_timeout', %(lock_wait)s, true),
            set_config('statement_timeout', '0', true),
            set_config('idle_in_transaction_session_timeout', '0', true)
        """,
        {"lock_wait": lock_wait},
    )
