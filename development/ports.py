"""Free loopback ports, for programs that cannot use port 0."""

import secrets
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_OF_IPV6: Final = "::1"

PORTS: Final = range(20_000, 32_000)
"""Below the ranges of outgoing connections and of Docker's published ports, which may be used at any moment."""

TRIES: Final = 100


def free_port(address: str = LOOPBACK) -> int:
    """Return a port on which no program listens now. Raises ``OSError`` when none of many random ports is free."""
    for _ in range(TRIES):
        port = secrets.choice(PORTS)
        try:
            _listener(address, port).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port of {address} is free")


def has_ipv6() -> bool:
    """Return whether this machine has an IPv6 loopback address."""
    try:
        _listener(LOOPBACK_OF_IPV6, 0).close()
    except OSError:
        return False
    return True


def _listener(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
