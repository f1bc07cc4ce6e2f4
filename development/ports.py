"""Ports of the loopback, for programs that take none by themselves."""

import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_OF_IPV6: Final = "::1"


def free_port(address: str = LOOPBACK) -> int:
    """Return a port that nothing listens on at this moment."""
    with _listener(address) as listener:
        port: int = listener.getsockname()[1]
        return port


def has_ipv6() -> bool:
    """Tell whether the loopback of this machine has an address of IPv6."""
    try:
        _listener(LOOPBACK_OF_IPV6).close()
    except OSError:
        return False
    return True


def _listener(address: str) -> socket.socket:
    return socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
