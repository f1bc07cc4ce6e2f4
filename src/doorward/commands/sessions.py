"""``doorward prune`` and ``doorward revoke-all``: remove old sessions, and end all sessions."""

import sys

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import finished, require_current_schema, with_settings
from doorward.settings.config import Settings
from doorward.wiring import operations
from doorward.wiring.log import log_as_set


@click.command(help="Remove sessions that ended more than SESSION_RETENTION_DAYS ago.")
@with_settings
def prune(settings: Settings) -> None:
    """Prune now, unless another process is at it."""
    log_as_set(settings)
    require_current_schema(settings.database)
    removed = finished(operations.prune(settings))
    if removed is None:
        click.echo("doorward: another process is pruning; nothing was done here")
    else:
        days = settings.background.session_retention_days
        click.echo(f"doorward: removed {removed} sessions that ended more than {days} days ago")


@click.command(help="End every session: after a restore, or a leak.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def revoke_all(settings: Settings, *, yes: bool) -> None:
    """End all sessions, after asking."""
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError("revoke-all ends every session. To do so without being asked: doorward revoke-all --yes")
        if input("This ends every session; everybody logs in again. Type yes: ") != "yes":
            raise CommandError("nothing was done")
    log_as_set(settings)
    require_current_schema(settings.database)
    click.echo(f"doorward: ended {finished(operations.revoke_all(settings.database))} sessions")
