"""``doorward create-admin``: make an administrator. There is no account by default."""

import click

from doorward.commands.administering import administered, read_password
from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings
from doorward.wiring.pages import has_invitation_page


@click.command(
    help="Make an administrator of the owner of EMAIL, an address without an account. Prints a link that works once, "
    "for 7 days, with which its owner chooses a name and a password."
)
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Take the password from standard input instead of printing a link."
)
@click.option("--username", metavar="NAME", help="With --password-stdin. Made up if left out.")
def create_admin(email: str, username: str | None, *, password_stdin: bool) -> None:
    """Print the link alone on its line, or the user name: the output of neither is a log."""
    if not password_stdin:
        if username is not None:
            raise click.UsageError("--username goes with --password-stdin: with a link its owner chooses the name")
        _require_page()
        link = administered(lambda use_cases: use_cases.first_administrator.invite(email))
        click.echo(link)
        return
    password = read_password()
    name = administered(lambda use_cases: use_cases.first_administrator.create(email, password, username))
    click.echo(f"doorward: the administrator {name} can log in")


def _require_page() -> None:
    """Refuse a link that leads nowhere. Raises ``CommandError``."""
    settings = operator_settings(log_level="error")
    if not has_invitation_page(settings):
        raise CommandError(
            "the link needs PUBLIC_URL and the extra doorward[mail], which has its page. Set and install both, or use "
            "--password-stdin"
        )
