"""``doorward invitations``: invite e-mail addresses with roles, and revoke invitations."""

from collections.abc import Sequence
from uuid import UUID

import click

from doorward.commands.administering import ERRORS_ONLY, run_administration
from doorward.core.pages import MAXIMUM_PAGE_SIZE
from doorward.domain.administration.models import OPERATOR


@click.group(help="Invite people, and revoke invitations.")
def invitations() -> None:
    """Group the commands of invitations."""


@invitations.command("list", help="List the invitations that were not accepted yet, newest first.")
@click.option("--after", default="", metavar="CURSOR", help="Continue after this cursor.")
def list_invitations(after: str) -> None:
    """Print one invitation per line, and the cursor of the next page on standard error."""
    part = run_administration(lambda use_cases: use_cases.invitations.list(after=after, page_size=MAXIMUM_PAGE_SIZE))
    for each in part.entries:
        click.echo("\t".join([str(each.id), each.email, ",".join(each.roles), f"{each.expires_at:%Y-%m-%dT%H:%M:%SZ}"]))
    if part.next_cursor is not None:
        click.echo(f"doorward: more with --after {part.next_cursor}", err=True)


@invitations.command(help="Invite EMAIL by mail, or print the link with --link. The link is valid once, for 7 days.")
@click.argument("email")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role of the new account. May be repeated.")
@click.option("--link", is_flag=True, help="Print the link instead of sending a mail.")
def create(email: str, roles: Sequence[str], *, link: bool) -> None:
    """Create the invitation."""
    create_invitation(email, roles, is_mailed=not link)


def create_invitation(
    email: str, roles: Sequence[str] = (), *, is_mailed: bool = True, log_level: str | None = ERRORS_ONLY
) -> None:
    """Create the invitation, which replaces an earlier one for the same address, and print the link or a confirmation.

    The confirmation does not repeat the address, because the output of a job is often stored as a log.
    """
    created = run_administration(
        lambda use_cases: use_cases.invitations.create(OPERATOR, email, roles, is_mailed=is_mailed),
        log_level=log_level,
    )
    click.echo(created.link or "doorward: the address is invited; a running service or worker sends the mail")


@invitations.command(help="Revoke the invitation ID. Its link and its code become invalid.")
@click.argument("invitation_id", type=click.UUID, metavar="ID")
def revoke(invitation_id: UUID) -> None:
    """Revoke the invitation."""
    run_administration(lambda use_cases: use_cases.invitations.revoke(OPERATOR, invitation_id))
    click.echo("doorward: the invitation is revoked")
