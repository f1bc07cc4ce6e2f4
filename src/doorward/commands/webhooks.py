"""``doorward webhooks``: send events to other systems by HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import click

from doorward.api.administration_services import WebhookServices
from doorward.commands.errors import CommandError
from doorward.commands.preparation import Result, operator_settings, require_events_out, run_use_case
from doorward.core.versions import any_version
from doorward.domain.administration.models import OPERATOR
from doorward.domain.webhooks.models import Changes, Endpoint, EndpointContent
from doorward.settings.config import Settings
from doorward.wiring.operations import opened_webhooks

_MOMENT: Final = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])
_ID: Final = click.argument("webhook_id", metavar="ID", type=click.UUID)


def run_webhooks(use: Callable[[WebhookServices], Awaitable[Result]]) -> Result:
    """Run a use case; return its result. Raises ``CommandError`` for domain errors and for database errors."""
    settings = operator_settings(log_level="error")
    require_events_out(settings)
    return run_use_case(_run(settings, use))


async def _run(settings: Settings, use: Callable[[WebhookServices], Awaitable[Result]]) -> Result:
    async with opened_webhooks(settings) as use_cases:
        return await use(use_cases)


@click.group(help="Send events to other systems by HTTP.")
def webhooks() -> None:
    """Group the commands of webhooks."""


@webhooks.command("list", help="List the webhooks, one per line: id, state, types, URL, description.")
def list_webhooks() -> None:
    """Print the webhooks."""
    for endpoint in run_webhooks(lambda use_cases: use_cases.management.list()):
        click.echo(_line(endpoint))


@webhooks.command(help="Add a webhook for URL. Its secret is printed only once.")
@click.argument("url")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="A type of events. May be repeated. Default: all.")
@click.option("--description", default="", metavar="TEXT", help="A description of one line.")
def create(url: str, types: Sequence[str], description: str) -> None:
    """Create the webhook; print its id and its secret."""
    content = EndpointContent(url, description, tuple(types) or None)
    made = run_webhooks(lambda use_cases: use_cases.management.create(OPERATOR, content))
    click.echo(f"{made.endpoint.id}\t{made.secret}")


@webhooks.command(help="Change the webhook ID.")
@_ID
@click.option("--url", help="The new URL.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="A type of events. May be repeated.")
@click.option("--all-types", is_flag=True, help="Send all types of events.")
@click.option("--description", metavar="TEXT", help="A description of one line.")
def change(
    webhook_id: UUID, url: str | None, types: Sequence[str], description: str | None, *, all_types: bool
) -> None:
    """Change the given values, and print the webhook."""
    if all_types and types:
        raise click.UsageError("--all-types and --type exclude each other")
    changes: dict[str, object] = {} if url is None else {"url": url}
    if types or all_types:
        changes["types"] = tuple(types) or None
    if description is not None:
        changes["description"] = description
    _change(webhook_id, changes)


@webhooks.command(help="Enable the webhook ID, and reset its failures.")
@_ID
def enable(webhook_id: UUID) -> None:
    """Enable the webhook, and print it."""
    _change(webhook_id, {"is_enabled": True})


@webhooks.command(help="Disable the webhook ID, and drop its unsent messages.")
@_ID
def disable(webhook_id: UUID) -> None:
    """Disable the webhook, and print it."""
    _change(webhook_id, {"is_enabled": False})


@webhooks.command(help="Remove the webhook ID with its messages.")
@_ID
def delete(webhook_id: UUID) -> None:
    """Remove the webhook."""
    run_webhooks(lambda use_cases: use_cases.management.delete(OPERATOR, webhook_id, any_version))
    click.echo("doorward: the webhook is removed")


@webhooks.command(help="Create and print a new secret of the webhook ID. The old one also signs for 24 hours.")
@_ID
def rotate_secret(webhook_id: UUID) -> None:
    """Rotate the secret, and print the new one."""
    click.echo(
        run_webhooks(lambda use_cases: use_cases.management.rotate_secret(OPERATOR, webhook_id, any_version)).secret
    )


@webhooks.command(help="Send a test message to the webhook ID now.")
@_ID
def test(webhook_id: UUID) -> None:
    """Send the message, and print the result. The command fails if the message was not accepted."""
    result = run_webhooks(lambda use_cases: use_cases.test.send(webhook_id))
    if not result.is_delivered:
        raise CommandError(f"the webhook did not accept the message: {result.reason}")
    click.echo(f"doorward: accepted with status {result.status} after {result.seconds} s")


@webhooks.command(help="Send past events to the webhook ID again. Times are UTC: 2026-03-01T00:00:00Z or 2026-03-01.")
@_ID
@click.option("--since", type=_MOMENT, required=True, help="Start of the period, inclusive.")
@click.option("--until", type=_MOMENT, required=True, help="End of the period, exclusive.")
def replay(webhook_id: UUID, since: datetime, until: datetime) -> None:
    """Store the messages again. A running service or worker sends them."""
    first, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    count = run_webhooks(lambda use_cases: use_cases.replay.run(OPERATOR, webhook_id, since=first, until=end))
    click.echo(f"doorward: {count} messages are to be sent again")


def _change(webhook_id: UUID, changes: Changes) -> None:
    endpoint = run_webhooks(lambda use_cases: use_cases.management.update(OPERATOR, webhook_id, changes, any_version))
    click.echo(_line(endpoint))


def _line(endpoint: Endpoint) -> str:
    state = "enabled" if endpoint.is_enabled else f"disabled:{endpoint.disabled_reason}"
    types = "all" if endpoint.types is None else " ".join(endpoint.types)
    return "\t".join([str(endpoint.id), state, types, endpoint.url, endpoint.description])
