"""The slowapi limiter: whom it counts, where it counts, and whose X-Forwarded-For is believed."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from slowapi import Limiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from doorward.core.config import Network, Settings

IPV6_CLIENT_PREFIX: Final = 64
"""One customer has a /64, so addresses within it are one client."""

STORE_TIMEOUT_SECONDS: Final = 0.1
_STORE_OPTIONS: Final[dict[str, Any]] = {
    "socket_timeout": STORE_TIMEOUT_SECONDS,
    "socket_connect_timeout": STORE_TIMEOUT_SECONDS,
    "wrap_exceptions": True,
}
UNKNOWN_CLIENT: Final = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def create_limiter(settings: Settings) -> Limiter:
    """Return the limiter of one application.

    When a shared store does not answer, each process counts by itself; never unlimited.
    Raises ``limits.errors.ConfigurationError`` when the driver of the store is not installed.
    """
    storage_uri = settings.rate_limit_storage_uri.get_secret_value()
    is_shared = not storage_uri.startswith("memory://")

    client_of = create_client_reader(settings)

    def client_key(request: Request) -> str:
        return client_of(request.scope)

    return _Limiter(
        key_func=client_key,
        storage_uri=storage_uri,
        storage_options=_STORE_OPTIONS if is_shared else {},
        in_memory_fallback_enabled=is_shared,
        enabled=settings.rate_limit_enabled,
    )


def create_client_reader(settings: Settings) -> Callable[[Scope], str]:
    """Return what tells the canonical address of a request's client: the limiter counts it, the log shows it."""
    trusted = settings.trusted_proxies

    def client_of(scope: Scope) -> str:
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not trusted:
            return _address_of_peer(peer)
        return client_address(peer, Headers(scope=scope).getlist("x-forwarded-for"), trusted)

    return client_of


@lru_cache(maxsize=4096)
def _address_of_peer(peer: str) -> str:
    return client_address(peer, (), ())


class _Limiter(Limiter):
    """slowapi's limiter, deaf to the RATELIMIT_* variables that could loosen or break it unseen."""

    def get_app_config(self, _key: str, default_value: Any = None) -> Any:  # noqa: ANN401 - as slowapi's own
        return default_value


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the canonical address of the client: the peer, or behind trusted proxies whom they name.

    ``X-Forwarded-For`` is walked from the right, past trusted hops; what is no address ends the walk at the last
    hop that was one. IPv4-mapped addresses are unwrapped, IPv6 is reduced to its /64.
    """
    address = _parse(peer)
    if address is None:
        return UNKNOWN_CLIENT
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while hops and _is_trusted(address, trusted):
        previous = _parse(hops.pop())
        if previous is None:
            break
        address = previous
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, IPV6_CLIENT_PREFIX), strict=False))
    return str(address)


def _parse(text: str) -> Address | None:
    """Read an address, also one with a port: 192.0.2.1:443 or [2001:db8::1]:443, as some proxies write."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
