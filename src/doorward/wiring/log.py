"""The log as the settings ask for it, and what it says of them."""

from typing import Literal

from doorward.observability.logging import configure_logging, get_logger
from doorward.settings.config import Settings
from doorward.settings.insecure import insecure_settings
from doorward.settings.secret_values import secret_values

logger = get_logger()


def log_as_set(settings: Settings, *, level: str | None = None) -> None:
    """Configure the log of this process, by default at ``LOG_LEVEL``. No line holds one of the settings' secrets."""
    configure_logging(
        level or settings.log_level, log_style(settings), settings.pii_fields, secrets=secret_values(settings)
    )


def log_style(settings: Settings) -> Literal["json", "console"]:
    """Return how log lines look: for machines in production, for eyes in development."""
    return "console" if settings.environment == "development" else "json"


def report_insecure_settings(settings: Settings) -> None:
    """Say at each start what the settings give up. What production must never have is refused by the settings."""
    for setting, why in insecure_settings(settings):
        logger.warning("config.insecure", setting=setting, why=why)
