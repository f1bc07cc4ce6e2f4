"""``doorward client``: programs that get tokens of their own. A secret is printed when it is made, and never again."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, get_args

import click

from doorward.commands.administering import read_password
from doorward.commands.oauth import used
from doorward.domain.oauth.models import AuthMethod, ClientContent, ClientDetails, GrantType, OAuthClient

_ID: Final = click.argument("client_id", metavar="ID")
_METHODS: Final = click.Choice(get_args(AuthMethod))
_GRANTS: Final = click.Choice(get_args(GrantType))
_SECRET_FROM_INPUT: Final = click.option(
    "--secret-stdin",
    "is_secret_given",
    is_flag=True,
    help="Take the secret from standard input: the first line, 32 characters at least.",
)


def any_version(_: int) -> bool:
    """Expect no certain version: an operator at a shell has read none."""
    return True


@click.group(help="Give programs tokens of their own. ID is a client's id, or doorward for the service's own login.")
def client() -> None:
    """Group the commands of clients."""


@client.command(help="Add a client called NAME. Its id and its secret are printed; the secret is shown this once.")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What its tokens may allow. May be repeated.")
@click.option("--audience", "resources", multiple=True, metavar="URI", help="A resource that its tokens may be for.")
@click.option("--grant", "grant_types", multiple=True, type=_GRANTS, help="Default: client_credentials.")
@click.option("--no-grants", is_flag=True, help="Have it get no tokens, and ask about those of others only.")
@click.option("--auth-method", type=_METHODS, default="client_secret_basic", show_default=True)
@_SECRET_FROM_INPUT
def add(
    name: str,
    scopes: Sequence[str],
    resources: Sequence[str],
    grant_types: Sequence[str],
    auth_method: AuthMethod,
    *,
    no_grants: bool,
    is_secret_given: bool,
) -> None:
    """Add the client; print its id and its secret."""
    if no_grants and grant_types:
        raise click.UsageError("--no-grants and --grant exclude each other")
    chosen = read_password() if is_secret_given else None
    default = () if no_grants else ("client_credentials",)
    content = ClientContent(name, auth_method, tuple(grant_types) or default, tuple(scopes), tuple(resources))
    made = used(lambda use_cases: use_cases.clients.create(None, content, chosen_secret=chosen))
    click.echo("\t".join([made.client.client_id, *_shown(made.secret, is_given=is_secret_given)]))


@client.command("list", help="List the clients, one a line: id, state, method, grant types, scopes, audiences, name.")
def list_clients() -> None:
    """Print the clients."""
    for each in used(lambda use_cases: use_cases.clients.list()):
        click.echo(_line(each))


@client.command(help="Show the client ID as a line of JSON, without its secrets.")
@_ID
def show(client_id: str) -> None:
    """Print the client, and when its secrets were made and expire."""
    click.echo(_json(used(lambda use_cases: use_cases.clients.get(client_id, any_version))))


@client.command("set", help="Change the client ID. What is not named stays; tokens that it has keep what they say.")
@_ID
@click.option("--name", metavar="NAME", help="What people call it.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="The scopes from now on. May be repeated.")
@click.option("--no-scopes", is_flag=True, help="Take all scopes away.")
@click.option("--audience", "resources", multiple=True, metavar="URI", help="The resources from now on.")
@click.option("--no-audiences", is_flag=True, help="Take all resources away.")
@click.option("--grant", "grant_types", multiple=True, type=_GRANTS, help="The grant types from now on.")
@click.option("--auth-method", type=_METHODS, help="How it shows its secret from now on.")
def change(
    client_id: str,
    name: str | None,
    scopes: Sequence[str],
    resources: Sequence[str],
    grant_types: Sequence[str],
    auth_method: AuthMethod | None,
    *,
    no_scopes: bool,
    no_audiences: bool,
) -> None:
    """Change what is named, and print the client."""
    if (no_scopes and scopes) or (no_audiences and resources):
        raise click.UsageError("--no-scopes excludes --scope, and --no-audiences excludes --audience")
    named = {"name": name, "grant_types": tuple(grant_types) or None, "auth_method": auth_method}
    changes: dict[str, object] = {field: value for field, value in named.items() if value is not None}
    if scopes or no_scopes:
        changes["scopes"] = tuple(scopes)
    if resources or no_audiences:
        changes["resources"] = tuple(resources)
    click.echo(_line(used(lambda use_cases: use_cases.clients.change(None, client_id, changes, any_version))))


@client.command(help="Give the client ID another secret, printed this once. The old one works for 7 days more.")
@_ID
@_SECRET_FROM_INPUT
def rotate_secret(client_id: str, *, is_secret_given: bool) -> None:
    """Rotate the secret, and print the new one."""
    chosen = read_password() if is_secret_given else None
    made = used(lambda use_cases: use_cases.clients.rotate_secret(None, client_id, any_version, chosen_secret=chosen))
    for secret in _shown(made.secret, is_given=is_secret_given):
        click.echo(secret)


@client.command(help="Have the client ID get no tokens. Those that it has are refused from now on.")
@_ID
def disable(client_id: str) -> None:
    """Disable the client, and print it."""
    click.echo(_line(used(lambda use_cases: use_cases.clients.disable(None, client_id, any_version))))


@client.command(help="Have the client ID get tokens again. Those from before stay refused.")
@_ID
def enable(client_id: str) -> None:
    """Enable the client, and print it."""
    click.echo(_line(used(lambda use_cases: use_cases.clients.enable(None, client_id, any_version))))


@client.command(help="Remove the client ID with its secrets. Its tokens are refused from now on.")
@_ID
def remove(client_id: str) -> None:
    """Remove the client."""
    used(lambda use_cases: use_cases.clients.remove(None, client_id, any_version))
    click.echo("doorward: the client is removed")


def _shown(secret: str | None, *, is_given: bool) -> Sequence[str]:
    """Return the secret to print: none that the operator sent, and none of a client without one."""
    return [] if secret is None or is_given else [secret]


def _line(each: OAuthClient) -> str:
    state = "enabled" if each.is_enabled else "disabled"
    lists = [" ".join(values) for values in (each.grant_types, each.scopes, each.resources)]
    return "\t".join([each.client_id, state, each.auth_method, *lists, each.name])


def _json(details: ClientDetails) -> str:
    shown = {**asdict(details.client), "secrets": [asdict(each) for each in details.secrets]}
    return json.dumps(shown, default=lambda moment: moment.isoformat())
