"""``doorward registration-token``: manage the tokens with which clients register themselves (RFC 7591)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import click

from doorward.commands.oauth import run_oauth
from doorward.domain.oauth.registration_models import InitialToken, InitialTokenContent


@click.group(help="Manage tokens with which OAuth clients register themselves. A token has a number of uses.")
def registration_token() -> None:
    """Group the commands of initial access tokens."""


@registration_token.command(help="Create a token, and print it once. Only operators see its NAME.")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    default=("openid", "profile", "email", "offline_access"),
    show_default=True,
    help="A scope that the clients may request from users. May be repeated.",
)
@click.option("--audience", "resources", multiple=True, metavar="URI", help="A resource for which they may get tokens.")
@click.option("--uses", type=int, default=1, show_default=True, help="How many clients may register with it.")
@click.option("--days", type=int, default=1, show_default=True, help="Lifetime in days.")
def add(name: str, scopes: Sequence[str], resources: Sequence[str], uses: int, days: int) -> None:
    """Add a token, and print it."""
    content = InitialTokenContent(name, tuple(scopes), tuple(resources), uses, timedelta(days=min(days, 10**6)))
    click.echo(run_oauth(lambda use_cases: use_cases.registration_tokens.create(content)))


@registration_token.command(
    "list", help="List the tokens, one per line: id, uses left, expiry, scopes, resources, name."
)
def list_registration_tokens() -> None:
    """Print the tokens without their secrets."""
    for each in run_oauth(lambda use_cases: use_cases.registration_tokens.list()):
        click.echo(_line(each))


@registration_token.command(help="Remove the token ID. Clients that registered with it stay.")
@click.argument("token_id", metavar="ID", type=click.UUID)
def remove(token_id: UUID) -> None:
    """Remove the token."""
    run_oauth(lambda use_cases: use_cases.registration_tokens.delete(token_id))
    click.echo("doorward: the token is removed")


def _line(each: InitialToken) -> str:
    expires_at = each.expires_at.isoformat(timespec="seconds")
    parts = [str(each.id), str(each.uses_left), expires_at, " ".join(each.scopes), " ".join(each.resources), each.name]
    return "\t".join(parts)
