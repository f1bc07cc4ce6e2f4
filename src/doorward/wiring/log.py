"""Configure the log from the settings, and report settings that reduce security."""

from typing import Literal

from doorward.observability.events import ConfigInsecure, HousekeepingOff
from doorward.observability.logging import configure_logging, report
from doorward.settings.background import BackgroundSettings
from doorward.settings.config import Settings
from doorward.settings.deployment import DeploymentSettings
from doorward.settings.insecure import insecure_settings
from doorward.settings.secret_values import secret_values


def configure_log(settings: Settings, *, level: str | None = None) -> None:
    """Configure the log of this process, by default at ``LOG_LEVEL``. Secrets of the settings are redacted."""
    configure_logging(
        level or settings.telemetry.log_level,
        log_style(settings.deployment),
        settings.telemetry.pii_fields,
        secrets=secret_values(settings),
    )


def log_style(settings: DeploymentSettings) -> Literal["json", "console"]:
    """Return the format of log lines: JSON in production, coloured text in development."""
    return "console" if settings.environment == "development" else "json"


def report_insecure_settings(settings: Settings) -> None:
    """Log each setting that reduces security. Values that production must never have are refused during loading."""
    for setting, why in insecure_settings(settings):
        report(ConfigInsecure(setting=setting, why=why))


def report_disabled_tasks(settings: BackgroundSettings) -> None:
    """Log which setting keeps this service from running background tasks, if one does."""
    if setting := settings.disabled_by:
        report(HousekeepingOff(setting=setting))
