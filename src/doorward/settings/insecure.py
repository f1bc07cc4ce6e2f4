"""Find settings that reduce security. They are allowed, and reported at each start with the risk."""

import ipaddress
import stat
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from doorward.settings.browsers import LOOPBACK_HOSTS, BrowserSettings
from doorward.settings.config import Settings
from doorward.settings.database import DatabaseSettings
from doorward.settings.limits import SECONDS_OF_PERIOD, LimitSettings, Network
from doorward.settings.web_addresses import ANY_ORIGIN

LARGEST_SHARE_OF_PROXIES: Final = Fraction(1, 64)
"""Maximum share of the addresses of IPv4 or IPv6 that trusted proxies may have without a report.

It equals four networks of the size of 10.0.0.0/8; all private networks of IPv4 together are smaller than three.
"""

_IPV4: Final = ipaddress.IPv6Network("::ffff:0:0/96")
"""All IPv4 addresses, mapped to IPv6 (RFC 4291 section 2.5.5.2)."""

_ROUTED_IPV6: Final = ipaddress.IPv6Network("2000::/3")
"""The IPv6 addresses that are routed on the Internet."""

HIGHEST_RATE_PER_SECOND: Final = 100
"""A higher limit does not slow down guessing: a processor core hashes about ten passwords per second."""

_LIMITS_OF_GUESSES: Final = (
    "rate_limit_register",
    "rate_limit_confirm_registration",
    "rate_limit_accept_invitation",
    "rate_limit_token",
    "rate_limit_refresh",
    "rate_limit_reset",
    "rate_limit_verify",
    "rate_limit_password",
    "rate_limit_reauthenticate",
    "rate_limit_second_factor",
)


def insecure_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that reduces security, with the risk."""
    if settings.deployment.environment == "development":
        yield "ENVIRONMENT", "development accepts published secrets and cheap hashes"
    if settings.second_factors.admin_requires_second_factor is False:
        yield "ADMIN_REQUIRES_SECOND_FACTOR", "the password of an administrator alone opens all accounts"
    yield from _insecure_limits(settings.limits)
    yield from _insecure_addresses(settings.browsers)
    yield from _insecure_database(settings.database)
    broker = "" if settings.outgoing.rabbitmq_url is None else settings.outgoing.rabbitmq_url.get_secret_value()
    if broker.startswith("amqp://") and _is_remote(urlsplit(broker).hostname or ""):
        yield "RABBITMQ_URL", "the broker's password and all events travel unencrypted (amqps://)"
    yield from _insecure_services(settings)
    for name, path in settings.secret_files.items():
        if _is_readable_by_all(path):
            yield name.upper(), "every user of this machine can read the file that holds it (chmod o-r)"


def _insecure_services(settings: Settings) -> Iterator[tuple[str, str]]:
    for issuer in settings.issuers.trusted_issuers:
        if any(map(_is_unencrypted, filter(None, (issuer.issuer, issuer.jwks_uri)))):
            yield "TRUSTED_ISSUERS", "the keys of an issuer travel unencrypted, and could be replaced on the way"
    if any(_is_unencrypted(each.issuer) for each in settings.logins.login_providers):
        yield "LOGIN_PROVIDERS", "ID tokens and keys of a provider travel unencrypted, and could be replaced on the way"


def _insecure_limits(settings: LimitSettings) -> Iterator[tuple[str, str]]:
    if not settings.rate_limit_enabled:
        yield "RATE_LIMIT_ENABLED", "passwords can be guessed at full speed"
    for name in _LIMITS_OF_GUESSES:
        count, _, period = getattr(settings, name).partition("/")
        if int(count) > HIGHEST_RATE_PER_SECOND * SECONDS_OF_PERIOD[period]:
            yield name.upper(), f"more than {HIGHEST_RATE_PER_SECOND} calls a second of one address are no limit"
    if _share_of_all_addresses(settings.trusted_proxies) > LARGEST_SHARE_OF_PROXIES:
        yield "TRUSTED_PROXIES", "clients can claim any address and so avoid the limits"
    store = settings.rate_limit_storage_uri.get_secret_value()
    if store.startswith("redis://") and _is_remote(urlsplit(store).hostname or ""):
        yield "RATE_LIMIT_STORAGE_URI", "the store's password and clients' addresses travel unencrypted (rediss://)"


def _share_of_all_addresses(networks: Iterable[Network]) -> Fraction:
    """Return the share of all IPv4 or all IPv6 addresses that the networks cover: the larger of the two.

    If two networks overlap, one contains the other, so the overlap is the smaller one.
    """
    covered = list(ipaddress.collapse_addresses(map(_as_ipv6, networks)))
    shares = []
    for whole in (_IPV4, _ROUTED_IPV6):
        parts = [min(each.num_addresses, whole.num_addresses) for each in covered if each.overlaps(whole)]
        shares.append(Fraction(sum(parts), whole.num_addresses))
    return max(shares)


def _as_ipv6(network: Network) -> ipaddress.IPv6Network:
    if isinstance(network, ipaddress.IPv6Network):
        return network
    return ipaddress.IPv6Network((int(_IPV4.network_address) + int(network.network_address), network.prefixlen + 96))


def _insecure_addresses(settings: BrowserSettings) -> Iterator[tuple[str, str]]:
    if settings.public_url is not None and _is_unencrypted(settings.public_url):
        yield "PUBLIC_URL", "passwords and tokens travel unencrypted, and no tokens for other services are issued"
    if ANY_ORIGIN in settings.cors_allow_origins:
        yield "CORS_ALLOW_ORIGINS", "every page on the web may call the API"
    if any(_is_unencrypted(origin) for origin in settings.cors_allow_origins):
        yield "CORS_ALLOW_ORIGINS", "pages that travel unencrypted can be changed on the way, and call the API"


def _is_unencrypted(origin: str) -> bool:
    """Return whether the network can read the traffic: plain HTTP that leaves this machine."""
    return origin.startswith("http://") and urlsplit(origin).hostname not in LOOPBACK_HOSTS


def _insecure_database(settings: DatabaseSettings) -> Iterator[tuple[str, str]]:
    name, parameters = "POSTGRES_HOST", {"host": settings.postgres_host}
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        name, parameters = "DATABASE_URL", {each: str(value) for each, value in conninfo_to_dict(url).items()}
    hosts = [*parameters.get("host", "").split(","), *parameters.get("hostaddr", "").split(",")]
    if parameters.get("sslmode") != "verify-full" and any(map(_is_remote, hosts)):
        yield (
            name,
            "the database's name is not verified: passwords' hashes can be read on the way (sslmode=verify-full)",
        )


def _is_remote(host: str) -> bool:
    """Return whether a connection leaves this machine and this cluster's own network.

    Local are Unix sockets, loopback addresses, and names without dots, which only resolve in the network of Docker,
    Compose or a Kubernetes namespace. Any other name or address counts as remote.
    """
    host = host.strip("[]").rstrip(".").lower()
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." in host


def _is_readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        # The file was removed after it was read.
        return False
