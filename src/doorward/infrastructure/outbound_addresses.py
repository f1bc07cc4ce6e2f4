"""Which addresses outbound requests may go to: global ones, and those of networks that the operator has allowed.

The metadata services of clouds, which return the credentials of their machines, are never allowed.

An IPv6 address that contains an IPv4 address is judged by the IPv4 address, because translators and tunnels would send
the connection there.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_DOCUMENTATION: Final = ipaddress.IPv6Network("3fff::/20")
_PREFIXES_BEFORE_IPV4: Final = (
    ipaddress.IPv6Network("::/96"),
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("::ffff:0:0:0/96"),
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
)
"""Prefixes in front of 32 bits of IPv4: compatible, mapped (RFC 4291 section 2.5.5), translated (RFC 2765), NAT64 (RFC
6052) and local NAT64 (RFC 8215) with its usual length."""

_LOOPBACK: Final = ipaddress.IPv6Address("::1")
"""Not an IPv4-compatible address, although it looks like one (RFC 4291 section 2.5.3)."""

_PROTOCOLS_AND_RELAYS: Final = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))
"""Networks of the IETF's protocols (RFC 6890), where a cloud has had metadata and which Python mostly regards as
global; and the former relays of 6to4 (RFC 7526). A server that answers there is not the intended receiver."""

_CREDENTIALS_OF_CLOUDS: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "169.254.0.0/16",
        "fe80::/10",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:42::42",
        "fd00:c1::a9fe:a9fe",
        "fd00:ec2::/32",
        "fd20:ce::254",
    )
)
"""The metadata services of clouds, which return a machine's credentials to each of its programs: link-local addresses,
as most use; Alibaba, Azure, Oracle before it used link-local; for IPv6 Scaleway, Oracle, Amazon and Google."""


def allowed_addresses(
    addresses: Iterable[str], networks: Sequence[Network], *, only_networks: bool
) -> list[str] | None:
    """Return the addresses to connect to if all of them are allowed, else None; None also if there are no addresses.

    ``only_networks`` allows the addresses of ``networks`` and no others.
    """
    found = [ipaddress.ip_address(each.partition("%")[0]) for each in addresses]
    if not found or not all(is_allowed(each, networks, only_networks=only_networks) for each in found):
        return None
    return [str(each) for each in found]


def is_allowed(address: Address, networks: Sequence[Network], *, only_networks: bool = False) -> bool:
    """Return whether a request may go to an address. ``networks`` cannot allow the metadata services of clouds."""
    targets = embedded_ipv4_addresses(address) or [address]
    if any(target in network for target in targets for network in _CREDENTIALS_OF_CLOUDS):
        return False
    if all(any(target in network for network in networks) for target in targets):
        return True
    return not only_networks and all(_is_global(target) for target in targets)


def embedded_ipv4_addresses(address: Address) -> list[Address]:
    """Return the IPv4 addresses in an IPv6 address: for Teredo (RFC 4380) those of the server and the client."""
    if isinstance(address, ipaddress.IPv4Address) or address == _LOOPBACK:
        return []
    if address.teredo is not None:
        return list(address.teredo)
    if address.sixtofour is not None:
        return [address.sixtofour]
    if any(address in prefix for prefix in _PREFIXES_BEFORE_IPV4):
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _is_global(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _PROTOCOLS_AND_RELAYS)
    return address in _GLOBAL_UNICAST and address not in _DOCUMENTATION
