"""``doorward keys rewrap``: encrypt what is stored under the first of ENCRYPTION_KEYS."""

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import finished, operator_settings
from doorward.wiring import operations


@click.group(help="Change the keys of stored secrets.")
def keys() -> None:
    """Group the commands of keys."""


@keys.command(help="Encrypt stored secrets under the first of ENCRYPTION_KEYS, so that the others can be removed.")
def rewrap() -> None:
    """Encrypt again. The command fails for secrets that no key decrypts, so that no key is removed too early."""
    settings = operator_settings()
    try:
        resealed = finished(operations.reseal(settings))
    except ImportError as error:
        raise CommandError("stored secrets need a package that is not installed. Install doorward[mail]") from error
    click.echo(f"doorward: encrypted {resealed.resealed} stored secrets under the first key")
    if resealed.unreadable:
        raise CommandError(
            f"{resealed.unreadable} stored secrets were left as they are: none of the keys decrypts them. Add the key "
            "to ENCRYPTION_KEYS, or wait until they have expired"
        )
