"""Run a use case of administration as the operator at the shell."""

import sys
from collections.abc import Awaitable, Callable
from typing import Final

from doorward.api.administration_services import AdministrationServices
from doorward.commands.errors import CommandError
from doorward.commands.preparation import Result, operator_settings, require_mail, run_use_case
from doorward.settings.config import Settings
from doorward.wiring.operations import opened_administration

LONGEST_PASSWORD_LINE: Final = 4096
ERRORS_ONLY: Final = "error"
"""The log level of commands whose output is data: the log is on standard output, too."""


def run_administration(
    use: Callable[[AdministrationServices], Awaitable[Result]],
    settings: Settings | None = None,
    *,
    log_level: str | None = ERRORS_ONLY,
) -> Result:
    """Run a use case; return its result. ``settings`` are those of ``operator_settings``, if already loaded.

    Without a ``log_level``, the log has the level of the settings. Raises ``CommandError`` for domain errors and for
    database errors.
    """
    settings = settings or operator_settings(log_level=log_level)
    require_mail(settings)
    return run_use_case(_run(settings, use))


async def _run(settings: Settings, use: Callable[[AdministrationServices], Awaitable[Result]]) -> Result:
    async with opened_administration(settings) as use_cases:
        return await use(use_cases)


def read_password() -> str:
    """Return the first line of standard input. Raises ``CommandError`` if it is empty."""
    password = sys.stdin.readline(LONGEST_PASSWORD_LINE).removesuffix("\n").removesuffix("\r")
    if not password:
        raise CommandError("standard input has no password. Send it as the first line")
    return password
