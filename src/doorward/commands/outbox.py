"""``doorward outbox``: list dead letters, which are no longer retried, and retry those of webhooks."""

from typing import Final
from uuid import UUID

import click

from doorward.commands.preparation import operator_settings, run_use_case
from doorward.wiring import operations

MAXIMUM_LISTED: Final = 1000


@click.group(help="List messages that could not be delivered, and retry them.")
def outbox() -> None:
    """Group the commands of the outbox."""


@outbox.command("list", help="List dead letters, newest first: id, channel, kind, webhook, attempts, reason, time.")
@click.option("--webhook", "webhook_id", type=click.UUID, metavar="ID", help="Only those of this webhook.")
@click.option("--limit", type=click.IntRange(1, MAXIMUM_LISTED), default=100, show_default=True, help="Maximum number.")
def list_dead_letters(webhook_id: UUID | None, limit: int) -> None:
    """Print the dead letters, one per line."""
    settings = operator_settings(log_level="error")
    for letter in run_use_case(operations.list_dead_letters(settings.database, webhook_id, limit)):
        endpoint = "-" if letter.endpoint is None else str(letter.endpoint)
        facts = [letter.id, letter.channel, letter.kind, endpoint, letter.attempts, letter.reason]
        click.echo("\t".join([*map(str, facts), f"{letter.died_at:%Y-%m-%dT%H:%M:%SZ}"]))


@outbox.command(help="Retry the dead letter NUMBER of a webhook, or with --webhook all of one webhook.")
@click.argument("number", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--webhook", "webhook_id", type=click.UUID, metavar="ID", help="All of this webhook.")
def retry(number: int | None, webhook_id: UUID | None) -> None:
    """Retry one dead letter, or all of a webhook, with the whole retry schedule."""
    if (number is None) == (webhook_id is None):
        raise click.UsageError("name one dead letter, or a webhook with --webhook")
    settings = operator_settings(log_level="error")
    count = run_use_case(operations.retry_dead_letters(settings.database, number, webhook_id))
    click.echo(f"doorward: {count} messages are to be sent again")
