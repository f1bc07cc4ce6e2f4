"""Versioned changes of the schema, forward only, each in plain SQL."""

from importlib import resources
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

LOCK_KEY: Final = 7_241_633_905
"""Of the session advisory lock that lets one process migrate at a time. Arbitrary, and never to be changed."""

LOCK_WAIT: Final = "60s"


def migrate(conninfo: str) -> str:
    """Bring the schema to the newest version and return that version.

    Processes that start together take turns; the later ones find nothing to do. Raises ``psycopg.Error``.
    """
    config = _config()
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as guard:
        guard.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_WAIT])
        guard.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return newest_version()


def newest_version() -> str:
    """Return the version that the newest migration leads to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files(__package__)))
    return config
