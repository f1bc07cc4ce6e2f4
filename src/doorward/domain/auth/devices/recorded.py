"""The recorded description of the device on which a session begins, by which its owner recognises it. Pure."""

import ipaddress
from typing import Final, Literal

from doorward.domain.auth.models import Device

MAXIMUM_USER_AGENT_LENGTH: Final = 256
_NETWORK_BITS: Final = {4: 24, 6: 48}

AddressDetail = Literal["full", "network", "none"]
"""How much of a client's address is recorded: all, its network (IPv4 /24, IPv6 /48), or nothing."""


def describe_device(user_agent: str | None, address: str, detail: AddressDetail) -> Device:
    """Return the recorded description of a client. ``address`` is canonical, as in rate limits; empty if unknown."""
    agent = "".join(character for character in user_agent or "" if character.isprintable())
    return Device(agent[:MAXIMUM_USER_AGENT_LENGTH] or None, recorded_address(address, detail))


def recorded_address(address: str, detail: AddressDetail) -> str | None:
    """Return the part of a canonical address that is recorded; None for nothing."""
    try:
        network = ipaddress.ip_network(address)
    except ValueError:
        return None
    if detail == "none":
        return None
    if detail == "full":
        return address
    return str(network.supernet(new_prefix=_NETWORK_BITS[network.version]))
