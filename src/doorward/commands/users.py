"""``doorward deactivate`` and ``doorward activate``: bar a user from the service, and undo that."""

import click

from doorward.commands.preparation import finished, require_current_schema, with_settings
from doorward.settings.config import Settings
from doorward.wiring import operations
from doorward.wiring.log import log_as_set


@click.command(help="Bar a user from the service and end their sessions. USER is a user name or an e-mail address.")
@click.argument("user")
@with_settings
def deactivate(settings: Settings, user: str) -> None:
    """Deactivate the user. The name is not printed: the output of a job is kept like any log."""
    log_as_set(settings)
    require_current_schema(settings.database)
    count = finished(operations.deactivate(settings.database, user))
    click.echo(f"doorward: the user is deactivated; ended {count} sessions")


@click.command(help="Let a deactivated user log in again. USER is a user name or an e-mail address.")
@click.argument("user")
@with_settings
def activate(settings: Settings, user: str) -> None:
    """Activate the user."""
    log_as_set(settings)
    require_current_schema(settings.database)
    finished(operations.activate(settings.database, user))
    click.echo("doorward: the user can log in again")
