"""Commands of version 0.1 that have moved into groups or were renamed. Operators' scripts use their names and output.

Unlike the commands of the groups, those for users also print the lines of the log.
"""

from typing import Final

import click

from doorward.commands.invitations import create_invitation
from doorward.commands.sessions import end_all_sessions
from doorward.commands.users import activate_user, deactivate_user, unthrottle_user

_LOG_LEVEL: Final = None
"""The level of the settings."""


@click.command(help="The same as doorward users deactivate, with the lines of the log.")
@click.argument("user")
def deactivate(user: str) -> None:
    """Deactivate the user."""
    deactivate_user(user, log_level=_LOG_LEVEL)


@click.command(help="The same as doorward users activate, with the lines of the log.")
@click.argument("user")
def activate(user: str) -> None:
    """Activate the user."""
    activate_user(user, log_level=_LOG_LEVEL)


@click.command(help="The same as doorward users unthrottle, with the lines of the log.")
@click.argument("user")
def unthrottle(user: str) -> None:
    """Reset the counter of failed logins."""
    unthrottle_user(user, log_level=_LOG_LEVEL)


@click.command(help="The same as doorward invitations create EMAIL, with the lines of the log.")
@click.argument("email")
def invite(email: str) -> None:
    """Invite the address by mail, without roles."""
    create_invitation(email, log_level=_LOG_LEVEL)


revoke_all: Final = click.Command(
    "revoke-all",
    callback=end_all_sessions.callback,
    params=end_all_sessions.params,
    help=end_all_sessions.help,
    deprecated="Use doorward end-all-sessions.",
)
