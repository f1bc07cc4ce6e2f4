"""``doorward migrate``: migrate the database to the newest schema."""

import click
import psycopg

from doorward.commands.errors import CommandError
from doorward.commands.preparation import first_line, require_database_url, unreachable
from doorward.infrastructure.migrations import migrate as migrate_database
from doorward.infrastructure.postgres.database import session_conninfo
from doorward.infrastructure.postgres.start_check import stored_schema_version
from doorward.settings.config import load_settings


@click.command(help="Migrate the database to the newest schema.")
def migrate() -> None:
    """Migrate, and print the version."""
    settings = load_settings(beside_inv_dev=True)
    require_database_url(settings.database)
    try:
        stored_schema_version(settings.database)
        version = migrate_database(session_conninfo(settings.database))
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    except psycopg.Error as error:
        raise CommandError(f"the migration failed and changed nothing: {first_line(error)}") from error
    click.echo(f"doorward: the schema is at version {version}")
