"""``doorward keys``: manage the keys that sign tokens for other services, and the keys of stored secrets."""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import operator_settings, run_use_case
from doorward.domain.keys.changes import KeyChanges
from doorward.settings.config import Settings
from doorward.wiring import operations

Result = TypeVar("Result")
MAXIMUM_FILE_BYTES = 64 * 1024


@click.group(help="Manage the keys that sign tokens for other services, and those that encrypt stored secrets.")
def keys() -> None:
    """Group the commands of keys."""


@keys.command("list", help="List the signing keys: kid, algorithm, state, and time of activation.")
def list_keys() -> None:
    """Print a line for each key, oldest first."""
    for key, state in _run(lambda changes: changes.list()):
        click.echo("\t".join([key.kid, key.algorithm, state, _time(key.activates_at)]))


@keys.command("import", help="Publish the private key in FILE, PEM or JWK. It signs after 24 hours.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_key(file: Path) -> None:
    """Store the key, and print its kid."""
    if file.stat().st_size > MAXIMUM_FILE_BYTES:
        raise CommandError("the file is larger than any key")
    content = file.read_bytes()
    new = _run(lambda changes: changes.import_key(content))
    click.echo(f"doorward: published {new.kid} ({new.algorithm}), which signs in 24 hours")


@keys.command(help="Activate the next signing keys in 24 hours, and publish new next ones.")
@click.option("--now", "at_once", is_flag=True, help="Activate them at once.")
def rotate(*, at_once: bool) -> None:
    """Rotate the keys of all algorithms."""
    _run(lambda changes: changes.rotate(at_once=at_once))
    click.echo("doorward: the next keys sign now" if at_once else "doorward: the next keys sign in 24 hours")


@keys.command(help="Destroy the signing key KID. All its tokens are refused; the next key signs at once.")
@click.argument("kid")
def revoke(kid: str) -> None:
    """Revoke the key. If no key is left to sign, the key is still revoked, and the command fails."""
    unsigned = _run(lambda changes: changes.revoke(kid))
    click.echo("doorward: the key is revoked. Every copy refuses its tokens within 10 seconds")
    click.echo("doorward: other services refuse them within 5 minutes, when they read the list of keys again")
    if unsigned:
        raise CommandError(
            f"no key is left that signs {' or '.join(unsigned)}, and none was made, because SECRET_KEY and "
            "ENCRYPTION_KEYS do not decrypt the others. Run with the service's settings: doorward keys rotate --now"
        )


@keys.command(help="Destroy all signing keys and create new ones, if the stored ones can no longer be decrypted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(*, yes: bool) -> None:
    """Replace all keys, after a confirmation."""
    settings = operator_settings()
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError(
                "reset destroys all signing keys. To do so without being asked: doorward keys reset --yes"
            )
        click.confirm("Destroy all signing keys, so that all tokens that other services hold are refused?", abort=True)
    _run(lambda changes: changes.reset(), settings)
    click.echo("doorward: all signing keys are destroyed, and new ones sign. Restart services that did not start")


@keys.command(help="Encrypt stored secrets under the first of ENCRYPTION_KEYS, so that the others can be removed.")
def rewrap() -> None:
    """Encrypt again. The command fails if no key decrypts a secret, so that no key is removed too early."""
    settings = operator_settings()
    try:
        resealed = run_use_case(operations.reseal(settings))
    except ImportError as error:
        raise CommandError("stored secrets need a package that is not installed. Install doorward[mail]") from error
    click.echo(f"doorward: encrypted {resealed.resealed} stored secrets under the first key")
    if resealed.unreadable:
        raise CommandError(
            f"{resealed.unreadable} stored secrets were left as they are: none of the keys decrypts them. Add the key "
            "to ENCRYPTION_KEYS, or wait until they have expired"
        )


def _run(use: Callable[[KeyChanges], Awaitable[Result]], settings: Settings | None = None) -> Result:
    """Run a use case of signing keys; return its result. Raises ``CommandError``."""
    settings = settings or operator_settings()

    async def run() -> Result:
        async with operations.opened_keys(settings) as changes:
            return await use(changes)

    try:
        return run_use_case(run())
    except ImportError as error:
        raise CommandError("signing keys need a package that is not installed. Install doorward[oauth]") from error


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
