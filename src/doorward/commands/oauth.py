"""Run a use case of OAuth clients and resources as the operator at the shell."""

from collections.abc import Awaitable, Callable

from doorward.api.oauth_services import OAuthServices
from doorward.commands.preparation import Result, operator_settings, run_use_case
from doorward.settings.config import Settings
from doorward.wiring.operations import opened_oauth


def run_oauth(use: Callable[[OAuthServices], Awaitable[Result]]) -> Result:
    """Run a use case; return its result. Raises ``CommandError`` for domain errors and for database errors."""
    return run_use_case(_run(operator_settings(log_level="error"), use))


async def _run(settings: Settings, use: Callable[[OAuthServices], Awaitable[Result]]) -> Result:
    async with opened_oauth(settings) as use_cases:
        return await use(use_cases)
