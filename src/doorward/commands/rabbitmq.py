"""``doorward rabbitmq unsubscribe``: store no more messages for a broker that is gone."""

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import finished, operator_settings
from doorward.wiring import operations


@click.group(help="Events to RabbitMQ.")
def rabbitmq() -> None:
    """Group the commands of the broker."""


@rabbitmq.command(help="Store no more messages for the broker, and drop those that wait. Unset RABBITMQ_URL before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def unsubscribe(*, yes: bool) -> None:
    """End the subscription. A process that has RABBITMQ_URL would subscribe again."""
    settings = operator_settings()
    if settings.outgoing.rabbitmq_url is not None:
        raise CommandError("RABBITMQ_URL is set. Unset it for all processes, and restart them")
    if not yes:
        click.confirm("Drop all events that the broker has not got yet?", abort=True)
    count = finished(operations.unsubscribe_broker(settings.database))
    click.echo(f"doorward: the broker gets no more events; dropped {count} messages")
