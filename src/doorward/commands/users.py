"""``doorward users``: the API's use cases of user administration, for an operator at a shell.

A user is identified by user name, e-mail address or id. Confirmations of changes do not repeat it, because the output
of a job is often stored as a log.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import click

from doorward.api.administration_services import AdministrationServices
from doorward.commands.administering import ERRORS_ONLY, read_password, run_administration
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


def on_user(
    use: Callable[[AdministrationServices, UUID], Awaitable[Result]], name: str, log_level: str | None = ERRORS_ONLY
) -> Result:
    """Run a use case for the user with this name, address or id; return its result."""

    async def run(use_cases: AdministrationServices) -> Result:
        return await use(use_cases, await use_cases.search.get_id(name))

    return run_administration(run, log_level=log_level)


@users.command("list", help="List users, newest first, one line of JSON each.")
@click.option(
    "-q", "part", metavar="TEXT", help="Part of the user name or the address: at least three letters or digits."
)
@click.option("--status", type=click.Choice([str(each) for each in UserStatus]))
@click.option("--role", metavar="ROLE", help="Users that have this role.")
@click.option("--verified/--unverified", "is_verified", default=None, help="Whether the address is verified.")
@click.option("--external-id", metavar="ID")
@click.option("--issuer", metavar="URL", help="Users of this trusted issuer.")
@click.option("--subject", metavar="SUBJECT", help="The user's subject (sub) at that issuer.")
@click.option("--created-since", type=_MOMENT, help="Created at this time or later.")
@click.option("--created-until", type=_MOMENT, help="Created before this time.")
@click.option("--after", default="", metavar="CURSOR", help="Continue after this cursor.")
def list_users(after: str, status: str | None, **filters: Any) -> None:  # noqa: ANN401 - of several types, by name
    """Print a page of the list, and the cursor of the next page on standard error."""
    if filters["subject"] is not None and filters["issuer"] is None:
        raise click.UsageError("--subject needs --issuer")
    wanted = UserQuery(status=None if status is None else UserStatus(status), **filters)
    found = run_administration(
        lambda use_cases: use_cases.search.search(wanted, after=after, page_size=MAXIMUM_PAGE_SIZE)
    )
    for user in found.users:
        click.echo(_line(user))
    about = "about " if found.total_is_estimate else ""
    click.echo(f"doorward: {about}{found.total} users in all", err=True)
    if found.next_cursor is not None:
        click.echo(f"doorward: more with --after {found.next_cursor}", err=True)


@users.command(help="Show USER as one line of JSON.")
@click.argument("user")
def show(user: str) -> None:
    """Print the user."""
    click.echo(_line(on_user(lambda use_cases, user_id: use_cases.users.get(user_id, any_version), user)))


@users.command(help="Create a user with the address EMAIL. The password is read from standard input.")
@click.argument("email")
@click.option("--username", required=True, metavar="NAME")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="May be repeated.")
@click.option("--locale", metavar="TAG", help="The language of mails.")
@click.option("--external-id", metavar="ID", help="The user's id in another system.")
def create(email: str, username: str, roles: Sequence[str], locale: str | None, external_id: str | None) -> None:
    """Create the user, and print it."""
    new = NewUser(email, username, read_password(), roles, locale, external_id)
    click.echo(_line(run_administration(lambda use_cases: use_cases.users.create(OPERATOR, new))))


@users.command(help="Change USER. Values without an option stay unchanged.")
@click.argument("user")
@click.option("--username", metavar="NAME")
@click.option(
    "--email", metavar="EMAIL", help="The new address counts as unverified, and all sessions of the user end."
)
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Replaces the roles. May be repeated.")
@click.option("--no-roles", is_flag=True, help="Remove all roles.")
@click.option("--locale", metavar="TAG", help="The language of mails; an empty text removes it.")
@click.option("--external-id", metavar="ID", help="The id in another system; an empty text removes it.")
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
    changed = on_user(lambda use_cases, user_id: use_cases.users.update(OPERATOR, user_id, changes, any_version), user)
    click.echo(_line(changed))


@users.command(help="Deactivate USER, who can no longer log in, and end all sessions.")
@click.argument("user")
def deactivate(user: str) -> None:
    """Deactivate the user."""
    deactivate_user(user)


def deactivate_user(user: str, log_level: str | None = ERRORS_ONLY) -> None:
    """Deactivate the user, and print the number of ended sessions."""
    count = on_user(lambda use_cases, user_id: use_cases.user_actions.deactivate(OPERATOR, user_id), user, log_level)
    click.echo(f"doorward: the user is deactivated; ended {count} sessions")


@users.command(help="Activate USER, who can log in again. A scheduled deletion is cancelled.")
@click.argument("user")
def activate(user: str) -> None:
    """Activate the user."""
    activate_user(user)


def activate_user(user: str, log_level: str | None = ERRORS_ONLY) -> None:
    """Activate the user."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.activate(OPERATOR, user_id), user, log_level)
    click.echo("doorward: the user can log in again")


@users.command(help="Delete USER in 14 days, or with --now at once and permanently.")
@click.argument("user")
@click.option("--now", is_flag=True, help="At once and permanently.")
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


@users.command(help="Invalidate the password of USER, and mail a link with which the user sets a new one.")
@click.argument("user")
def password_reset(user: str) -> None:
    """Force the reset."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.reset_password(OPERATOR, user_id), user)
    click.echo("doorward: the password is no longer valid; a running service or worker sends the mail")


@users.command(help="End all sessions of USER, who can log in again at once.")
@click.argument("user")
def end_sessions(user: str) -> None:
    """End the sessions."""
    count = on_user(lambda use_cases, user_id: use_cases.user_actions.end_sessions(OPERATOR, user_id), user)
    click.echo(f"doorward: ended {count} sessions")


@users.command(help="Remove all second factors of USER, who has lost them. Verify the person's identity first.")
@click.argument("user")
def reset_factors(user: str) -> None:
    """Remove the factors."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.reset_factors(OPERATOR, user_id), user)
    click.echo("doorward: the user has no second factor; all sessions have ended")


@users.command(help="Reset the counter of failed logins of USER.")
@click.argument("user")
def unthrottle(user: str) -> None:
    """Reset the counter."""
    unthrottle_user(user)


def unthrottle_user(user: str, log_level: str | None = ERRORS_ONLY) -> None:
    """Reset the counter, so that the user can try to log in without delay."""
    on_user(lambda use_cases, user_id: use_cases.user_actions.unthrottle(OPERATOR, user_id), user, log_level)
    click.echo("doorward: the failed logins of the user are forgotten")


@users.command(help="List the live sessions of USER, one line of JSON each.")
@click.argument("user")
def sessions(user: str) -> None:
    """Print the live sessions."""
    for session in on_user(lambda use_cases, user_id: use_cases.session_listing.list_of(user_id), user):
        click.echo(json.dumps(asdict(session), default=str))


@users.command(help="List the audit events of USER, newest first, one line of JSON each.")
@click.argument("user")
@click.option("--type", "event_type", metavar="TYPE", help="The type of the event.")
@click.option("--after", default="", metavar="CURSOR", help="Continue after this cursor.")
def audit(user: str, event_type: str | None, after: str) -> None:
    """Print the entries, and the cursor of the next page on standard error."""
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
