"""``doorward deactivate`` and ``doorward activate``: bar a user from the service, and undo that."""

import click

from doorward.commands.preparation import finished, operator_settings
from doorward.wiring import operations


@click.command(help="Bar a user from the service and end their sessions. USER is a user name or an e-mail address.")
@click.argument("user")
def deactivate(user: str) -> None:
    """Deactivate the user. The name is not printed: the output of a job is kept like any log."""
    settings = operator_settings()
    count = finished(operations.deactivate(settings.database, user))
    click.echo(f"doorward: the user is deactivated; ended {count} sessions")


@click.command(help="Let a deactivated user log in again. USER is a user name or an e-mail address.")
@click.argument("user")
def activate(user: str) -> None:
    """Activate the user."""
    settings = operator_settings()
    finished(operations.activate(settings.database, user))
    click.echo("doorward: the user can log in again")
