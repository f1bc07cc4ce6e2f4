"""``doorward deactivate``, ``activate``, ``unthrottle`` and ``invite``: bar a user, let them in again, and at once."""

import click

from doorward.commands.preparation import finished, operator_settings, require_mail
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


@click.command(help="Forget the failed logins of a user. USER is a user name or an e-mail address.")
@click.argument("user")
def unthrottle(user: str) -> None:
    """Let the user log in at once, whatever failed before."""
    settings = operator_settings()
    finished(operations.unthrottle(settings, user))
    click.echo("doorward: the failed logins of the user are forgotten")


@click.command(help="Invite a person by mail to open an account with the address EMAIL. The link works for 7 days.")
@click.argument("email")
def invite(email: str) -> None:
    """Invite the address. A link that was mailed to it before ends."""
    settings = operator_settings()
    require_mail(settings)
    finished(operations.invite(settings, email))
    click.echo("doorward: the address is invited; a running service or worker sends the mail")
