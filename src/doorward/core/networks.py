"""The networks around a client's canonical address, which have their own limits."""

import functools
import ipaddress
from typing import Final

IPV6_SITE_PREFIX: Final = 48
"""The usual prefix of one site (RFC 6177): 65,536 networks of the size that counts as one client."""

IPV4_COARSE_PREFIX: Final = 16
IPV6_COARSE_PREFIX: Final = 32

IPV4_OWNER_PREFIX: Final = 24

PRIVATE: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("::/64", "fc00::/7", "fe80::/10"),
    )
)
"""Loopback, link-local, private networks, and those of carriers for shared addresses; ``::/64`` contains ``::1``."""


@functools.lru_cache(maxsize=4096)
def ipv6_site(client: str) -> str | None:
    """Return the /48 around an IPv6 client (``2001:db8:0:1::/64``); None for any other client."""
    return _around(client, IPV6_SITE_PREFIX) if ":" in client else None


def is_private(client: str) -> bool:
    """Return whether a client's canonical address is in a network that the Internet does not route."""
    try:
        network = ipaddress.ip_network(client)
    except ValueError:
        return False
    return any(network.version == each.version and network.subnet_of(each) for each in PRIVATE)  # type: ignore[arg-type] # of one version


def owner_network(client: str) -> str:
    """Return the network that most likely has one owner: IPv4 /24, IPv6 /48."""
    return ipv6_site(client) or _around(client, IPV4_OWNER_PREFIX)


def coarse_network(client: str) -> str:
    """Return the wide network around a client: IPv4 /16 or IPv6 /32."""
    return _around(client, IPV6_COARSE_PREFIX if ":" in client else IPV4_COARSE_PREFIX)


def _around(client: str, prefix: int) -> str:
    """Return the network of this prefix length around a client; the client itself when it is no address."""
    try:
        network = ipaddress.ip_network(client)
    except ValueError:
        return client
    return str(network.supernet(new_prefix=prefix)) if network.prefixlen > prefix else client
