"""``doorward roles``: define what users may do."""

from collections.abc import Sequence
from typing import Final

import click

from doorward.commands.administering import administered
from doorward.domain.administration.models import OPERATOR, Role
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.auth.scopes import AdminScope

_SCOPES: Final = click.Choice([str(scope) for scope in AdminScope])


@click.group(help="Define what users may do.")
def roles() -> None:
    """Group the commands of roles."""


@roles.command("list", help="List the roles and their scopes, a role a line.")
def list_roles() -> None:
    """Print the roles."""
    for role in administered(lambda use_cases: use_cases.roles.list()):
        click.echo(_line(role))


@roles.command(help="Define the role NAME.")
@click.argument("name")
@click.option("--scope", "scopes", type=_SCOPES, multiple=True, help="What the role gives. May be repeated.")
@click.option("--description", default="", metavar="TEXT", help="One line for people.")
def create(name: str, scopes: Sequence[str], description: str) -> None:
    """Create the role, and print it."""
    given = [AdminScope(scope) for scope in scopes]
    role = administered(lambda use_cases: use_cases.roles.create(OPERATOR, name, description, given))
    click.echo(_line(role))


@roles.command(help="Change the role NAME. Its users feel it at their next request.")
@click.argument("name")
@click.option(
    "--scope", "scopes", type=_SCOPES, multiple=True, help="What the role gives from now on. May be repeated."
)
@click.option("--no-scopes", is_flag=True, help="Have the role give nothing.")
@click.option("--description", metavar="TEXT", help="One line for people.")
def change(name: str, scopes: Sequence[str], description: str | None, *, no_scopes: bool) -> None:
    """Change the role, and print it."""
    if no_scopes and scopes:
        raise click.UsageError("--no-scopes and --scope exclude each other")
    given = [AdminScope(scope) for scope in scopes] if scopes or no_scopes else None
    changes = RoleChanges(description, given)
    role = administered(lambda use_cases: use_cases.roles.change(OPERATOR, name, changes, lambda _: True))
    click.echo(_line(role))


@roles.command(help="Remove the role NAME, which no user may have.")
@click.argument("name")
def remove(name: str) -> None:
    """Remove the role."""
    administered(lambda use_cases: use_cases.roles.remove(OPERATOR, name, lambda _: True))
    click.echo("doorward: the role is removed")


def _line(role: Role) -> str:
    return "\t".join([role.name, " ".join(role.scopes), role.description])
