"""Which settings give up security, and what. They are allowed, but never silently."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from doorward.core.config import Settings
from doorward.core.web_addresses import ANY_ORIGIN

_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def insecure_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each such setting's name with what it gives up."""
    if settings.environment == "development":
        yield "ENVIRONMENT", "development accepts published secrets and cheap hashes"
    if not settings.rate_limit_enabled:
        yield "RATE_LIMIT_ENABLED", "passwords can be guessed at full speed"
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield "TRUSTED_PROXIES", "everybody may claim any client address and so dodge the limits"
    yield from _insecure_addresses(settings)


def _insecure_addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.public_url is not None and _is_readable_on_the_way(settings.public_url):
        yield "PUBLIC_URL", "passwords and tokens travel unencrypted"
    if ANY_ORIGIN in settings.cors_allow_origins:
        yield "CORS_ALLOW_ORIGINS", "every page on the web may call the API"
    if any(_is_readable_on_the_way(origin) for origin in settings.cors_allow_origins):
        yield "CORS_ALLOW_ORIGINS", "pages that travel unencrypted can be changed on the way, and call the API"


def _is_readable_on_the_way(origin: str) -> bool:
    """Tell whether others can read along. Nobody stands between a machine and itself."""
    return origin.startswith("http://") and urlsplit(origin).hostname not in _THIS_MACHINE
