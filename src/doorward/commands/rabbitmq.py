"""``doorward rabbitmq unsubscribe``: stop storing messages for a broker that is no longer used."""

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings, run_use_case
from doorward.wiring import operations


@click.group(help="Manage events to RabbitMQ.")
def rabbitmq() -> None:
    """Group the commands of the broker."""


@rabbitmq.command(help="Stop storing messages for the broker, and drop unsent ones. Unset RABBITMQ_URL before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def unsubscribe(*, yes: bool) -> None:
    """End the subscription. The command refuses if RABBITMQ_URL is set, because the service would subscribe again."""
    settings = operator_settings()
    if settings.outgoing.rabbitmq_url is not None:
        raise CommandError("RABBITMQ_URL is set. Unset it for all processes, and restart them")
    if not yes:
        click.confirm("Drop all events that the broker has not got yet?", abort=True)
    count = run_use_case(operations.unsubscribe_broker(settings.database))
    click.echo(f"doorward: the broker gets no more events; dropped {count} messages")
