"""The slowapi limiter: whom it counts, where it counts, and whose X-Forwarded-For is believed."""

import functools
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from doorward.core.config import Network, Settings
from doorward.infrastructure.limit_store import LimitStore

IPV6_CLIENT_PREFIX: Final = 64
"""One customer has a /64, so addresses within it are one client."""

UNKNOWN_CLIENT: Final = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Endpoint = Callable[..., Awaitable[Any]]


def create_limiter(settings: Settings) -> "ServiceLimiter":
    """Return the limiter of one application.

    When a shared store does not answer, each process counts by itself; never unlimited.
    Raises ``limits.errors.ConfigurationError`` when the driver of the store is not installed.
    """
    storage_uri = settings.rate_limit_storage_uri.get_secret_value()
    client_of = create_client_reader(settings)

    def client_key(request: Request) -> str:
        return client_of(request.scope)

    if storage_uri.startswith("memory://"):
        return ServiceLimiter(key_func=client_key, enabled=settings.rate_limit_enabled)
    store = LimitStore(storage_uri, settings.rate_limit_storage_timeout_ms / 1000)
    return SharedLimiter(store, key_func=client_key, enabled=settings.rate_limit_enabled)


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


class ServiceLimiter(Limiter):
    """slowapi's limiter, in memory, deaf to the RATELIMIT_* variables that could loosen or break it unseen."""

    def get_app_config(self, _key: str, default_value: Any = None) -> Any:  # noqa: ANN401 - as slowapi's own
        """Return the default, whatever the environment says."""
        return default_value

    async def close(self) -> None:
        """Hold nothing that would have to be closed."""


class SharedLimiter(ServiceLimiter):
    """A limiter for all processes together: the store counts, and while it is away slowapi counts in memory.

    slowapi's own stores are synchronous: each call to them would hold up every request of the process.
    """

    def __init__(self, store: LimitStore, **options: Any) -> None:  # noqa: ANN401 - slowapi's own
        """Take slowapi's options; its storage stays in memory."""
        super().__init__(**options)
        self.store = store

    def limit(self, *options: Any, **named: Any) -> Callable[[Endpoint], Endpoint]:  # noqa: ANN401 - slowapi's own
        """Return slowapi's decorator, which then counts only what the store did not."""
        limit_in_memory = super().limit(*options, **named)

        def decorate(endpoint: Endpoint) -> Endpoint:
            limited: Endpoint = limit_in_memory(endpoint)

            @functools.wraps(limited)
            async def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the endpoint's own
                if self.enabled:
                    await self._count(named["request"], f"{endpoint.__module__}.{endpoint.__name__}")
                return await limited(*arguments, **named)

            return counted

        return decorate

    async def close(self) -> None:
        """Close the connections to the store."""
        await self.store.close()

    async def _count(self, request: Request, endpoint_name: str) -> None:
        """Have the store count the call, and mark it as counted for slowapi. Raises ``RateLimitExceeded``."""
        for limit in self._route_limits[endpoint_name]:
            identifiers = (self._key_func(request), request.scope["path"])
            count = await self.store.count(limit.limit, *identifiers)
            if count is None:
                return
            request.state.view_rate_limit = (limit.limit, identifiers)
            if not count.is_within_limit:
                refusal = RateLimitExceeded(limit)
                refusal.headers = {"Retry-After": str(count.retry_after_seconds)}
                raise refusal
        # slowapi's own mark: its wrapper does not count the call again.
        request.state._rate_limiting_complete = True  # noqa: SLF001


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
