"""Collect the secrets in the settings, which the log redacts."""

from pydantic import SecretStr

from doorward.settings.config import Settings
from doorward.settings.published_secrets import is_published
from doorward.settings.secret_strength import passwords_in


def secret_values(settings: Settings) -> tuple[str, ...]:
    """Return the secrets in the settings. From a URL, only the password is returned.

    Published secrets are omitted, because they are common words that may occur in log lines.
    """
    values = [each for _, value in settings.values() for each in (value if isinstance(value, tuple) else (value,))]
    values += [each.client_secret for each in settings.logins.login_providers]
    texts = (each.get_secret_value() for each in values if isinstance(each, SecretStr))
    return tuple(secret for text in texts for secret in _secrets_in(text) if not is_published(secret))


def _secrets_in(value: str) -> list[str]:
    if "://" not in value:
        return [value]
    try:
        return passwords_in(value)
    except ValueError:
        return [value]
