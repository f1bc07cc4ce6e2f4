"""The ``doorward`` command: its subcommands, and the error messages of failed ones."""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import click

from doorward import __version__
from doorward.commands.errors import CommandError
from doorward.commands.importing import garbage_collector_disabled
from doorward.settings.config import SettingsError

FAILURE: Final = 1
INTERRUPTED: Final = 130
"""Exit status that shells use for a command interrupted by SIGINT."""

AFTER_OPTIONS: Final = 'A name or an ID that begins with "-" is written after "--".'

COMMANDS: Final = {
    "serve": "doorward.commands.serve",
    "worker": "doorward.commands.worker",
    "migrate": "doorward.commands.migrate",
    "check-config": "doorward.commands.configuration",
    "prune": "doorward.commands.sessions",
    "end-all-sessions": "doorward.commands.sessions",
    "create-admin": "doorward.commands.create_admin",
    "roles": "doorward.commands.roles",
    "users": "doorward.commands.users",
    "invitations": "doorward.commands.invitations",
    "import-items": "doorward.commands.items",
    "import-users": "doorward.commands.user_files",
    "export-users": "doorward.commands.user_files",
    "client": "doorward.commands.client",
    "resource": "doorward.commands.resource",
    "registration-token": "doorward.commands.registration_token",
    "webhooks": "doorward.commands.webhooks",
    "outbox": "doorward.commands.outbox",
    "rabbitmq": "doorward.commands.rabbitmq",
    "keys": "doorward.commands.keys",
    "deactivate": "doorward.commands.older_names",
    "activate": "doorward.commands.older_names",
    "unthrottle": "doorward.commands.older_names",
    "invite": "doorward.commands.older_names",
    "revoke-all": "doorward.commands.older_names",
}
"""The module of each command, which has a function of the command's name. It is imported when the command runs."""


class LazyCommands(click.Group):
    """A group that imports only the command that runs, so that it starts faster."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command of this name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        with garbage_collector_disabled():
            module = importlib.import_module(COMMANDS[cmd_name])
        command = getattr(module, cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None


@click.command(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def doorward() -> None:
    """Run a self-hosted authentication service."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Each failure is one line on standard error. click reports wrong arguments, with status 2.
    """
    try:
        status = doorward.main(arguments, prog_name="doorward", standalone_mode=False)
    except SettingsError as error:
        return _fail(*error.problems)
    except CommandError as error:
        return _fail(str(error))
    except click.NoSuchOption as error:
        error.show()
        print(AFTER_OPTIONS, file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted")
        return INTERRUPTED
    # For options that end the command, such as --help, click returns the exit status.
    return status if isinstance(status, int) else 0


def _fail(*problems: str) -> int:
    for problem in problems:
        print(f"doorward: {problem}", file=sys.stderr)
    return FAILURE
