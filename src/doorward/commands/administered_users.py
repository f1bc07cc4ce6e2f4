"""``doorward users``: the same use cases as the API's, for an operator at a shell.

A user is named by the user name, the e-mail address or the id. Names are not printed where a change is confirmed: the
output of a job is kept like any log.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import click

from doorward.api.services import AdministrationServices
from doorward.commands.administering import administered, read_password
from doorward.commands.preparation import Result
from doorward.core.pages import MAXIMUM_PAGE_SIZE
from doorward.core.versions import any_version
from doorward.domain.administration.models import (
    OPERATOR,
    UNSET,
    AdministeredUser,
    NewUser,
    UserChanges,
    UserQuery,
    UserStatus,
)
from doorward.domain.audit.models import AuditQuery

_MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])


@click.group(help="See, change and stop users. USER is a user name, an e-mail address or an id.")
def users() -> None:
    """Group the commands of users."""


def on_user(use: Callable[[AdministrationServices, UUID], Awaitable[Result]], name: str) -> Result:
    """Return what a use case returns for the user of this name."""

    async def run(use_cases: AdministrationServices) -> Result:
        return await use(use_cases, await use_cases.search.find_id(name))

    return administered(run)


@users.command("list", help="List users, the newest first, a line of JSON each.")
@click.option(
    "-q", "part", metavar="TEXT", help="A part of the user name or the address, three letters or digits at least."
)
@click.option("--status", type=click.Choice([str(each) for each in UserStatus]))
@click.option("--role", metavar="ROLE", help="Users that have this role.")
@click.option("--verified/--unverified", "is_verified", default=None, help="Whether the address is verified.")
@click.option("--external-id", metavar="ID")
@click.option("--issuer", metavar="URL", help="Users whom this trusted issuer vouches for.")
@click.option("--subject", metavar="SUBJECT", help="What that issuer calls the user.")
@click.option("--created-since", type=_MOMENT, help="Created at this moment or later.")
@click.option("--created-until", type=_MOMENT, help="Created before this moment.")
@click.option("--after", default="", metavar="CURSOR", help="Go on behind this cursor.")
def list_users(after: str, status: str | None, **filters: Any) -> None:  # noqa: ANN401 - of several types, by name
    """Print a part of the list, and the cursor of the next part on standard error."""
    if filters["subject"] is not None and filters["issuer"] is None:
        raise click.UsageError("--subject needs --issuer")
    wanted = UserQuery(status=None if status is None else UserStatus(status), **filters)
    found = administered(lambda use_cases: use_cases.search.search(wanted, after=after, page_size=MAXIMUM_PAGE_SIZE))
    for user in found.users:
        click.echo(_line(user))
    about = "about " if found.total_is_estimate else ""
    click.echo(f"doorward: {about}{found.total} users in all", err=True)
    if found.next_cursor is not None:
        click.echo(f"doorward: more with --after {found.next_cursor}", err=True)


@users.command(help="Show USER as a line of JSON.")
@click.argument("user")
def show(user: str) -> None:
    """Print the user."""
    click.echo(_line(on_user(lambda use_cases, user_id: use_cases.users.read(user_id, any_version), user)))


@users.command(help="Create a user with the address EMAIL, whose password is taken from standard input.")
@click.argument("email")
@click.option("--username", required=True, metavar="NAME")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="May be repeated.")
@click.option("--locale", metavar="TAG", help="The language of mails.")
@click.option("--external-id", metavar="ID", help="The user's id in another system.")
def create(email: str, username: str, roles: Sequence[str], locale: str | None, external_id: str | None) -> None:
    """Create the user, and print it."""
    new = NewUser(email, username, read_password(), roles, locale, external_id)
    click.echo(_line(administered(lambda use_cases: use_cases.users.create(OPERATOR, new))))


@users.command(help="Change USER. What is not named stays.")
@click.argument("user")
@click.option("--username", metavar="NAME")
@click.option("--email", metavar="EMAIL", help="It is not verified then, and all sessions of the user end.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="The roles from now on. May be repeated.")
@click.option("--no-roles", is_flag=True, help="Take all roles away.")
@click.option("--locale", metavar="TAG", help="The language of mails; an empty text takes it away.")
@click.option("--external-id", metavar="ID", help="The id in another system; an empty text takes it away.")
def change(
    user: str,
    roles: Sequence[str],
    locale: str | None,
    external_id: str | None,
    username: str | None,
    email: str | None,
    *,
    no_roles: bool,
) -> None:
    """Change the user, and print it."""
    if no_roles and roles:
        raise click.UsageError("--no-roles and --role exclude each other")
    changes = UserChanges(
        username=username,
        email=email,
        roles=roles if roles or no_roles else None,
        locale=UNSET if locale is None else locale or None,
        external_id=UNSET if external_id is None else external_id or None,
    )
    changed = on_user(lambda use_cases, user_id: use_cases.users.change(OPERATOR, user_id, changes, any_version), user)
    click.echo(_line(changed))


@users.command(help="Bar USER from the service and end all sessions.")
@click.argument("user")
def deactivate(user: str) -> None:
    """Deactivate the user."""
    count = on_user(lambda use_cases, user_id: use_cases.user_actions.deactivate(OPERATOR, user_id), user)
    click.echo(f"doorward: the user is deactivated; ended {count} sessions")


@users.command(help="Let USER log in again. A deletion that was scheduled is cancelled.")
@click.argument("user")
def activate(user: str) -> None:
    """Activate the user."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.activate(OPERATOR, user_id), user)
    click.echo("doorward: the user can log in again")


@users.command(help="Delete USER in 14 days, or with --now at once and for good.")
@click.argument("user")
@click.option("--now", is_flag=True, help="At once and for good.")
def delete(user: str, *, now: bool) -> None:
    """Delete the user."""
    if now:
        on_user(lambda use_cases, user_id: use_cases.user_actions.erase(OPERATOR, user_id, any_version), user)
        click.echo("doorward: the user is deleted")
    else:
        on_user(
            lambda use_cases, user_id: use_cases.user_actions.schedule_deletion(OPERATOR, user_id, any_version), user
        )
        click.echo("doorward: the user will be deleted in 14 days")


@users.command(help="Have USER replace the password: it signs in no more, and a mail has a link for a new one.")
@click.argument("user")
def password_reset(user: str) -> None:
    """Force the reset."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.reset_password(OPERATOR, user_id), user)
    click.echo("doorward: the password signs in no more; a running service or worker sends the mail")


@users.command(help="End all sessions of USER, who can log in again at once.")
@click.argument("user")
def end_sessions(user: str) -> None:
    """End the sessions."""
    count = on_user(lambda use_cases, user_id: use_cases.user_actions.end_sessions(OPERATOR, user_id), user)
    click.echo(f"doorward: ended {count} sessions")


@users.command(help="Remove all second factors of USER, who has lost them. Make sure of who asks first.")
@click.argument("user")
def reset_factors(user: str) -> None:
    """Remove the factors."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.reset_factors(OPERATOR, user_id), user)
    click.echo("doorward: the user has no second factor; all sessions have ended")


@users.command(help="Forget the failed logins of USER.")
@click.argument("user")
def unthrottle(user: str) -> None:
    """Let the user log in at once, whatever failed before."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.unthrottle(OPERATOR, user_id), user)
    click.echo("doorward: the failed logins of the user are forgotten")


@users.command(help="List where USER is signed in, a line of JSON each.")
@click.argument("user")
def sessions(user: str) -> None:
    """Print the live sessions."""
    for session in on_user(lambda use_cases, user_id: use_cases.session_listing.list_of(user_id), user):
        click.echo(json.dumps(asdict(session), default=str))


@users.command(help="List what happened to USER, the latest first, a line of JSON each.")
@click.argument("user")
@click.option("--type", "event_type", metavar="TYPE", help="The type of the event.")
@click.option("--after", default="", metavar="CURSOR", help="Go on behind this cursor.")
def audit(user: str, event_type: str | None, after: str) -> None:
    """Print the entries, and the cursor of the next part on standard error."""
    part = on_user(
        lambda use_cases, user_id: use_cases.audit_trail.search(
            AuditQuery(user_id=user_id, type=event_type), after=after, page_size=MAXIMUM_PAGE_SIZE
        ),
        user,
    )
    for entry in part.entries:
        click.echo(json.dumps(asdict(entry), default=str))
    if part.next_cursor is not None:
        click.echo(f"doorward: more with --after {part.next_cursor}", err=True)


def _line(user: AdministeredUser) -> str:
    return json.dumps({**asdict(user), "status": user.status}, default=str)
