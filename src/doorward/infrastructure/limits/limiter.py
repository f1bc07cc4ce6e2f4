"""The limits of calls: how often one client may make each, where that is counted, and which proxies are trusted."""

import functools
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.types import Scope

from doorward.core.networks import ipv6_site
from doorward.infrastructure.limits.windows import Limit, LimitWindows
from doorward.settings.config import Network, Settings

if TYPE_CHECKING:
    from doorward.infrastructure.limits.store import LimitStore

IPV6_CLIENT_PREFIX: Final = 64
"""One customer has a /64, so addresses within it are one client."""

MAXIMUM_HOPS: Final = 100
"""Of X-Forwarded-For that are looked at, from the right: no chain of proxies is longer."""

UNKNOWN_CLIENT: Final = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def create_limiter(settings: Settings) -> "CallLimiter":
    """Return the limiter of one application.

    Raises ``ImportError`` when what a shared store needs is not installed, ``ValueError`` for a malformed URI of it.
    """
    limits = {
        "register": settings.rate_limit_register,
        "token": settings.rate_limit_token,
        "refresh": settings.rate_limit_refresh,
        "import": settings.rate_limit_import,
    }
    uri = settings.rate_limit_storage_uri.get_secret_value()
    store = None if uri.startswith("memory://") else _create_store(uri, settings.rate_limit_storage_timeout_ms / 1000)
    return CallLimiter(limits if settings.rate_limit_enabled else {}, store, settings.rate_limit_ipv6_site_factor)


def _create_store(uri: str, timeout_seconds: float) -> "LimitStore":
    from doorward.infrastructure.limits.store import LimitStore  # noqa: PLC0415 - it needs the extra doorward[redis]

    return LimitStore(uri, timeout_seconds)


def create_client_reader(settings: Settings) -> Callable[[Scope], str]:
    """Return what tells the canonical address of a request's client: the limiter counts it, the log shows it."""
    trusted = settings.trusted_proxies

    def client_of(scope: Scope) -> str:
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not trusted:
            return _address_of_peer(peer)
        return client_address(peer, Headers(scope=scope).getlist("x-forwarded-for"), trusted)

    return client_of


@functools.lru_cache(maxsize=4096)
def _address_of_peer(peer: str) -> str:
    return client_address(peer, (), ())


class CallLimiter:
    """Counts in fixed windows. With a store all processes count together, and each by itself while that is away.

    An IPv6 client is counted twice: by itself, and as part of its /48, of which one site may have 65,536 clients.
    """

    def __init__(
        self, limits: Mapping[str, str], store: "LimitStore | None" = None, ipv6_site_factor: int = 16
    ) -> None:
        """Take the limits by the names of the calls, as ``10/minute``; a call without one is not counted.

        ``ipv6_site_factor`` is how many times the limit of one client all of an IPv6 /48 may reach.
        """
        self._limits = {call: Limit.parse(limit) for call, limit in limits.items()}
        self._site_limits = {call: limit.times(ipv6_site_factor) for call, limit in self._limits.items()}
        self._windows = {call: LimitWindows(limit) for call, limit in self._limits.items()}
        self._site_windows = {call: LimitWindows(limit) for call, limit in self._site_limits.items()}
        self._store = store

    async def count(self, call: str, client: str) -> int:
        """Count one call of a client; return 0 when it is within the limit, else the seconds to wait.

        A call that the client's own limit refuses does not count for its /48.
        """
        if call not in self._limits:
            return 0
        site = ipv6_site(client)
        seconds = None
        if self._store is not None:
            counted = [(self._limits[call], client)]
            if site is not None:
                counted.append((self._site_limits[call], site))
            seconds = await self._store.count(call, counted)
        return self._count_alone(call, client, site) if seconds is None else seconds

    def _count_alone(self, call: str, client: str, site: str | None) -> int:
        seconds = self._windows[call].count(client)
        if seconds or site is None:
            return seconds
        return self._site_windows[call].count(site)

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._store is not None:
            await self._store.close()


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the canonical address of the client: the peer, or behind trusted proxies whom they name.

    ``X-Forwarded-For`` is walked from the right, past trusted hops; what is no address ends the walk at the last
    hop that was one, and so do ``MAXIMUM_HOPS``. IPv4-mapped addresses are unwrapped, IPv6 is reduced to its /64.
    """
    address = _parse(peer)
    if address is None:
        return UNKNOWN_CLIENT
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")][-MAXIMUM_HOPS:]
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
