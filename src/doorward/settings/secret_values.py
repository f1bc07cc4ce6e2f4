"""Which secrets the settings hold, for the log to leave out."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from doorward.settings.secret_strength import is_published, passwords_in


def secret_values(settings: BaseSettings) -> tuple[str, ...]:
    """Return the secrets that settings hold: of a URL the password alone. Published ones are words, and left out."""
    values = (value.get_secret_value() for _, value in settings if isinstance(value, SecretStr))
    return tuple(secret for value in values for secret in _secrets_in(value) if not is_published(secret))


def _secrets_in(value: str) -> list[str]:
    if "://" not in value:
        return [value]
    try:
        return passwords_in(value)
    except ValueError:
        return [value]
