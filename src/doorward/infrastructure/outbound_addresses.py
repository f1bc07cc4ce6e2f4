"""Which addresses outbound requests may go to: global ones, and those of networks that the operator has opened.

Where clouds keep the credentials of their machines is never among them.

An address that carries an IPv4 address within is judged by that one: translators and tunnels would send the connection
there.
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
"""No compatible address, although it looks like one (RFC 4291 section 2.5.3)."""

_PROTOCOLS_AND_RELAYS: Final = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))
"""Of the IETF's protocols (RFC 6890), where a cloud has had metadata and Python takes most for global; once global, for
relays of 6to4 (RFC 7526). Nothing that answers there is the receiver."""

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
"""Where clouds answer each program of a machine with the machine's credentials: of the link, as most do; then Alibaba,
Azure, Oracle before it used the link; by IPv6 Scaleway, Oracle, Amazon and Google."""


def vetted(addresses: Iterable[str], networks: Sequence[Network], *, only_networks: bool) -> list[str] | None:
    """Return the addresses to connect to if all of them are allowed, else None; None for no addresses at all.

    ``only_networks`` allows those of the opened networks and no others.
    """
    found = [ipaddress.ip_address(each.partition("%")[0]) for each in addresses]
    if not found or not all(is_allowed(each, networks, only_networks=only_networks) for each in found):
        return None
    return [str(each) for each in found]


def is_allowed(address: Address, networks: Sequence[Network], *, only_networks: bool = False) -> bool:
    """Tell whether a request may go to an address. No network opens those that have credentials of the machine."""
    targets = carried_addresses(address) or [address]
    if any(target in network for target in targets for network in _CREDENTIALS_OF_CLOUDS):
        return False
    if all(any(target in network for network in networks) for target in targets):
        return True
    return not only_networks and all(_is_global(target) for target in targets)


def carried_addresses(address: Address) -> list[Address]:
    """Return the IPv4 addresses within an IPv6 address: of Teredo (RFC 4380) the server and the client."""
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
