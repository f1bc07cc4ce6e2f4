"""``doorward deactivate``, ``activate``, ``unthrottle`` and ``invite``."""

import click

from doorward.commands.preparation import operator_settings, require_mail, run_use_case
from doorward.wiring import operations


@click.command(help="Deactivate a user and end all their sessions. USER is a user name or an e-mail address.")
@click.argument("user")
def deactivate(user: str) -> None:
    """Deactivate the user. The name is not printed, because the output of a job is often stored as a log."""
    settings = operator_settings()
    count = run_use_case(operations.deactivate(settings.database, user))
    click.echo(f"doorward: the user is deactivated; ended {count} sessions")


@click.command(help="Activate a deactivated user, who can log in again. USER is a user name or an e-mail address.")
@click.argument("user")
def activate(user: str) -> None:
    """Activate the user."""
    settings = operator_settings()
    run_use_case(operations.activate(settings.database, user))
    click.echo("doorward: the user can log in again")


@click.command(help="Reset the counter of failed logins of a user. USER is a user name or an e-mail address.")
@click.argument("user")
def unthrottle(user: str) -> None:
    """Reset the counter, so that the user can try to log in without delay."""
    settings = operator_settings()
    run_use_case(operations.unthrottle(settings, user))
    click.echo("doorward: the failed logins of the user are forgotten")


@click.command(
    help="Invite a person by mail to create an account with the address EMAIL. The link expires after 7 days."
)
@click.argument("email")
def invite(email: str) -> None:
    """Invite the address. An earlier link to the same address becomes invalid."""
    settings = operator_settings()
    require_mail(settings)
    run_use_case(operations.invite(settings, email))
    click.echo("doorward: the address is invited; a running service or worker sends the mail")
