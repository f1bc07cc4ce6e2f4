"""Ports of the loopback, for programs that take none by themselves."""

import secrets
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_OF_IPV6: Final = "::1"

PORTS: Final = range(20_000, 32_000)
"""Below those that systems give to outgoing connections and Docker to what it publishes, which come at any moment."""

TRIES: Final = 100


def free_port(address: str = LOOPBACK) -> int:
    """Return a port that nothing listens on at this moment. Raises ``OSError`` when none of many is free."""
    for _ in range(TRIES):
        port = secrets.choice(PORTS)
        try:
            _listener(address, port).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port of {address} is free")


def has_ipv6() -> bool:
    """Tell whether the loopback of this machine has an address of IPv6."""
    try:
        _listener(LOOPBACK_OF_IPV6, 0).close()
    except OSError:
        return False
    return True


def _listener(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
