"""The secrets that the settings hold, for the log to redact."""

from pydantic import SecretStr

from doorward.settings.config import Settings
from doorward.settings.published_secrets import is_published
from doorward.settings.secret_strength import passwords_in


def secret_values(settings: Settings) -> tuple[str, ...]:
    """Return the secrets that settings hold: of a URL the password alone.

    Published secrets are left out: they are words that log lines may contain.
    """
    values = (value.get_secret_value() for _, value in settings.values() if isinstance(value, SecretStr))
    return tuple(secret for value in values for secret in _secrets_in(value) if not is_published(secret))


def _secrets_in(value: str) -> list[str]:
    if "://" not in value:
        return [value]
    try:
        return passwords_in(value)
    except ValueError:
        return [value]
