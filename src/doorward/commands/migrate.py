"""``doorward migrate``: migrate the database to the newest schema."""

import click
import psycopg

from doorward.commands.errors import CommandError
from doorward.commands.preparation import first_line, read_schema_version
from doorward.infrastructure.migrations import TABLE_WAIT
from doorward.infrastructure.migrations import migrate as migrate_database
from doorward.infrastructure.postgres.database import session_conninfo
from doorward.settings.config import load_settings
from doorward.settings.database import DatabaseSettings


@click.command(help="Migrate the database to the newest schema.")
def migrate() -> None:
    """Migrate, and print the version."""
    settings = load_settings(beside_inv_dev=True)
    click.echo(f"doorward: the schema is at version {run_migrations(settings.database)}")


def run_migrations(settings: DatabaseSettings, *, table_wait: str = TABLE_WAIT) -> str:
    """Migrate to the newest schema; return its version. Raises ``CommandError``."""
    read_schema_version(settings)
    try:
        return migrate_database(session_conninfo(settings), table_wait=table_wait)
    except psycopg.Error as error:
        # Each version has its own transaction.
        raise CommandError(
            f"the migration stopped: {first_line(error)}. Completed versions stay. Correct the cause, and run it again"
        ) from error
