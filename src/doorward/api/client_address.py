"""The canonical address of a request's client, for rate limits and the log."""

import functools
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from doorward.settings.limits import Network

IPV6_CLIENT_PREFIX: Final = 64
"""A customer usually gets a /64, so all addresses within it count as one client."""

MAXIMUM_HOPS: Final = 100
"""Maximum number of X-Forwarded-For entries to read, from the right: no chain of proxies is longer."""

UNKNOWN_CLIENT: Final = "unknown"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def create_client_reader(trusted: Sequence[Network]) -> Callable[[Scope], str]:
    """Return a function that reads the canonical client address of a request behind these trusted proxies."""

    def client_of(scope: Scope) -> str:
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not trusted:
            return _address_of_peer(peer)
        return client_address(peer, Headers(scope=scope).getlist("x-forwarded-for"), trusted)

    return client_of


@functools.lru_cache(maxsize=4096)
def _address_of_peer(peer: str) -> str:
    return client_address(peer, (), ())


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the canonical address of the client: the peer, or behind trusted proxies the address that they forward.

    ``X-Forwarded-For`` is read from the right while hops are trusted. The walk stops at the last valid address before
    an invalid one, and after ``MAXIMUM_HOPS``. IPv4-mapped addresses are unwrapped; IPv6 is reduced to its /64.
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
    """Parse an address, with or without a port: some proxies write 192.0.2.1:443 or [2001:db8::1]:443."""
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
