"""``doorward create-admin``: create an administrator. There is no account by default."""

import click

from doorward.commands.administering import ERRORS_ONLY, read_password, run_administration
from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings
from doorward.settings.config import Settings
from doorward.wiring.pages import has_invitation_page


@click.command(
    help="Create an administrator with the address EMAIL, which must have no account. Prints a link, valid once and "
    "for 7 days, with which the owner of the address chooses a name and a password."
)
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of printing a link."
)
@click.option("--username", metavar="NAME", help="With --password-stdin. Generated if omitted.")
def create_admin(email: str, username: str | None, *, password_stdin: bool) -> None:
    """Print the link on a line of its own, or the user name."""
    if not password_stdin:
        if username is not None:
            raise click.UsageError("--username goes with --password-stdin: with a link its owner chooses the name")
        settings = operator_settings(log_level=ERRORS_ONLY)
        _require_page(settings)
        link = run_administration(lambda use_cases: use_cases.first_administrator.invite(email), settings)
        click.echo(link)
        return
    password = read_password()
    name = run_administration(lambda use_cases: use_cases.first_administrator.create(email, password, username))
    click.echo(f"doorward: the administrator {name} can log in")


def _require_page(settings: Settings) -> None:
    """Check that the page to which the link leads exists. Raises ``CommandError``."""
    if not has_invitation_page(settings):
        raise CommandError(
            "the link needs PUBLIC_URL and the extra doorward[mail], which has its page. Set and install both, or use "
            "--password-stdin"
        )
