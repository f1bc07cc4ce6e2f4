"""``doorward resource``: manage the services for which clients get tokens."""

from collections.abc import Sequence
from typing import Final, get_args

import click

from doorward.api.oauth_services import OAuthServices
from doorward.commands.oauth import run_oauth
from doorward.domain.oauth.models import KeyAlgorithm, Resource, ResourceContent

_IDENTIFIER: Final = click.argument("identifier", metavar="URI")


@click.group(help="Manage the services for which clients get tokens. URI is the audience that the service expects.")
def resource() -> None:
    """Group the commands of resources."""


@resource.command(help="Add the resource URI.")
@_IDENTIFIER
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="A scope of tokens for it. May be repeated.")
@click.option("--algorithm", type=click.Choice(get_args(KeyAlgorithm)), default="ES256", show_default=True)
@click.option("--introspection-client", metavar="ID", help="The client that may introspect its tokens.")
def add(identifier: str, scopes: Sequence[str], algorithm: KeyAlgorithm, introspection_client: str | None) -> None:
    """Add the resource, and print it."""
    content = ResourceContent(identifier, tuple(scopes), algorithm, introspection_client)
    click.echo(_line(run_oauth(lambda use_cases: use_cases.resources.create(None, content))))


@resource.command("list", help="List the resources, one per line: URI, algorithm, scopes, introspection client.")
def list_resources() -> None:
    """Print the resources. Built-in ones have ``built-in`` in place of an algorithm."""
    built_in, stored = run_oauth(_list_all)
    client_of = {each.identifier: each.introspection_client_id for each in stored}
    for identifier in built_in:
        click.echo(f"{identifier}\tbuilt-in\t\t{client_of.get(identifier) or ''}")
    for each in stored:
        if each.identifier not in built_in:
            click.echo(_line(each))


@resource.command(help="Remove the resource URI. No more tokens are issued for it, even to clients that name it.")
@_IDENTIFIER
def remove(identifier: str) -> None:
    """Remove the resource."""
    run_oauth(lambda use_cases: use_cases.resources.delete_by_identifier(None, identifier))
    click.echo("doorward: the resource is removed")


async def _list_all(use_cases: OAuthServices) -> tuple[Sequence[str], Sequence[Resource]]:
    return use_cases.resources.built_in, await use_cases.resources.list()


def _line(each: Resource) -> str:
    return "\t".join([each.identifier, each.algorithm, " ".join(each.scopes), each.introspection_client_id or ""])
