"""``doorward prune`` and ``doorward end-all-sessions``: run the background tasks now, and end all sessions."""

import sys

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings, run_use_case
from doorward.wiring import operations


@click.command(
    help="Run the background tasks now: remove data after its retention, delete accounts whose deletion is due, rotate "
    "signing keys on schedule, index items."
)
def prune() -> None:
    """Run the background tasks now, each unless another process runs it."""
    settings = operator_settings()
    result = run_use_case(operations.prune(settings))
    if result.removed_sessions is not None:
        days = settings.background.session_retention_days
        click.echo(f"doorward: removed {result.removed_sessions} sessions that ended more than {days} days ago")
    if result.run_elsewhere:
        click.echo(f"doorward: other processes are running: {', '.join(result.run_elsewhere)}")


@click.command(help="End every session, for example after a restore or a leak.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end_all_sessions(*, yes: bool) -> None:
    """End all sessions, after a confirmation."""
    settings = operator_settings()
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError("this ends every session. To do so without being asked: doorward end-all-sessions --yes")
        if input("This ends every session; everybody logs in again. Type yes: ") != "yes":
            raise CommandError("nothing was done")
    click.echo(f"doorward: ended {run_use_case(operations.end_all_sessions(settings.database))} sessions")
