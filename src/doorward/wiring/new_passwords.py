"""Build the checks of new passwords from the settings."""

import ssl

from doorward.domain.auth.passwords.new_passwords import NewPasswords
from doorward.domain.auth.ports import BreachedPasswords
from doorward.infrastructure.breached_passwords import BreachFile, BreachServer
from doorward.infrastructure.common_passwords import load_common_passwords
from doorward.infrastructure.outbound_http import HttpClient
from doorward.settings.passwords import PasswordSettings


def create_new_passwords(settings: PasswordSettings) -> NewPasswords:
    """Return the checks of new passwords."""
    return NewPasswords(
        common_passwords=load_common_passwords(),
        breached=_create_breached_passwords(settings),
        accepts_unchecked=settings.password_breaches_failure == "open",  # noqa: S105 - a mode
    )


def check_new_passwords(settings: PasswordSettings) -> None:
    """Check that the file of breached passwords is usable, if configured. Raises ``BreachesUnavailableError``."""
    breached = _create_breached_passwords(settings)
    if isinstance(breached, BreachFile):
        breached.check()


def _create_breached_passwords(settings: PasswordSettings) -> BreachedPasswords | None:
    match settings.password_breaches:
        case "hibp":
            return BreachServer(HttpClient(settings.password_breaches_url, tls=ssl.create_default_context()))
        case "file":
            # The settings refuse `file` without a list.
            assert settings.password_breaches_list is not None  # noqa: S101 - for the type checker
            return BreachFile(settings.password_breaches_list)
        case "off":
            return None
