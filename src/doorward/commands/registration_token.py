"""``doorward registration-token``: which clients may register themselves (RFC 7591)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import click

from doorward.commands.oauth import used
from doorward.domain.oauth.registration_models import InitialToken, InitialTokenContent


@click.group(help="Let OAuth clients register themselves, by tokens that work a number of times.")
def registration_token() -> None:
    """Group the commands of initial access tokens."""


@registration_token.command(help="Make a token for clients of this NAME, which only you see, and print it this once.")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    default=("openid", "profile", "email", "offline_access"),
    show_default=True,
    help="What the clients may ask people for. May be repeated.",
)
@click.option("--audience", "resources", multiple=True, metavar="URI", help="A resource that they may get tokens for.")
@click.option("--uses", type=int, default=1, show_default=True, help="How many clients it registers.")
@click.option("--days", type=int, default=1, show_default=True, help="How long it works.")
def add(name: str, scopes: Sequence[str], resources: Sequence[str], uses: int, days: int) -> None:
    """Add a token, and print it."""
    content = InitialTokenContent(name, tuple(scopes), tuple(resources), uses, timedelta(days=min(days, 10**6)))
    click.echo(used(lambda use_cases: use_cases.registration_tokens.add(content)))


@registration_token.command(
    "list", help="List the tokens, one a line: id, uses left, when it expires, scopes, resources, name."
)
def list_registration_tokens() -> None:
    """Print the tokens. None shows its secret."""
    for each in used(lambda use_cases: use_cases.registration_tokens.list()):
        click.echo(_line(each))


@registration_token.command(help="Remove the token of this ID. Clients that came with it stay.")
@click.argument("token_id", metavar="ID", type=click.UUID)
def remove(token_id: UUID) -> None:
    """Remove a token."""
    used(lambda use_cases: use_cases.registration_tokens.remove(token_id))
    click.echo("doorward: the token is removed")


def _line(each: InitialToken) -> str:
    expires_at = each.expires_at.isoformat(timespec="seconds")
    parts = [str(each.id), str(each.uses_left), expires_at, " ".join(each.scopes), " ".join(each.resources), each.name]
    return "\t".join(parts)
