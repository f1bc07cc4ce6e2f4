"""``doorward roles``: manage roles and their scopes."""

from collections.abc import Sequence
from typing import Final

import click

from doorward.commands.administering import run_administration
from doorward.core.versions import any_version
from doorward.domain.administration.models import OPERATOR, Role
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.auth.scopes import AdminScope

_SCOPES: Final = click.Choice([str(scope) for scope in AdminScope])


@click.group(help="Manage roles, which give users scopes.")
def roles() -> None:
    """Group the commands of roles."""


@roles.command("list", help="List the roles and their scopes, one role per line.")
def list_roles() -> None:
    """Print the roles."""
    for role in run_administration(lambda use_cases: use_cases.roles.list()):
        click.echo(_line(role))


@roles.command(help="Create the role NAME.")
@click.argument("name")
@click.option("--scope", "scopes", type=_SCOPES, multiple=True, help="A scope of the role. May be repeated.")
@click.option("--description", default="", metavar="TEXT", help="A description of one line.")
def create(name: str, scopes: Sequence[str], description: str) -> None:
    """Create the role, and print it."""
    given = [AdminScope(scope) for scope in scopes]
    role = run_administration(lambda use_cases: use_cases.roles.create(OPERATOR, name, description, given))
    click.echo(_line(role))


@roles.command(help="Change the role NAME. The change applies to the next request of each of its users.")
@click.argument("name")
@click.option(
    "--scope", "scopes", type=_SCOPES, multiple=True, help="Replaces the scopes of the role. May be repeated."
)
@click.option("--no-scopes", is_flag=True, help="Remove all scopes of the role.")
@click.option("--description", metavar="TEXT", help="A description of one line.")
def change(name: str, scopes: Sequence[str], description: str | None, *, no_scopes: bool) -> None:
    """Change the role, and print it."""
    if no_scopes and scopes:
        raise click.UsageError("--no-scopes and --scope exclude each other")
    given = [AdminScope(scope) for scope in scopes] if scopes or no_scopes else None
    changes = RoleChanges(description, given)
    role = run_administration(lambda use_cases: use_cases.roles.update(OPERATOR, name, changes, any_version))
    click.echo(_line(role))


@roles.command(help="Remove the role NAME, which must not be assigned to any user.")
@click.argument("name")
def remove(name: str) -> None:
    """Remove the role."""
    run_administration(lambda use_cases: use_cases.roles.delete(OPERATOR, name, any_version))
    click.echo("doorward: the role is removed")


def _line(role: Role) -> str:
    return "\t".join([role.name, " ".join(role.scopes), role.description])
