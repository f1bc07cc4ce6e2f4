"""The networks around a client's canonical address, which have limits of their own."""

import functools
import ipaddress
from typing import Final

IPV6_SITE_PREFIX: Final = 48
"""The usual prefix of one site (RFC 6177): 65,536 networks of the size that counts as one client."""

IPV4_COARSE_PREFIX: Final = 16
IPV6_COARSE_PREFIX: Final = 32

IPV4_NEIGHBOURS_PREFIX: Final = 24


@functools.lru_cache(maxsize=4096)
def ipv6_site(client: str) -> str | None:
    """Return the /48 around an IPv6 client (``2001:db8:0:1::/64``); None for any other client."""
    return _around(client, IPV6_SITE_PREFIX) if ":" in client else None


def neighbours(client: str) -> str:
    """Return the network that most likely has one owner: IPv4 /24, IPv6 /48."""
    return ipv6_site(client) or _around(client, IPV4_NEIGHBOURS_PREFIX)


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
