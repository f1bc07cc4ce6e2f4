"""The listening socket, and the one-line error for an address that cannot be used."""

import contextlib
import socket
from collections.abc import Iterator

from doorward.observability.events import ServiceListening
from doorward.observability.logging import report


class CannotListenError(Exception):
    """An address is in use, or is not one of this machine. The message is one line with the remedy."""


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens within the block. Raises ``CannotListenError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        try:
            # A kernel without IPv6 refuses to create the socket.
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # :: is all addresses, including IPv4, whatever the system's default is.
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind((host, port))
            listener.listen()
        except (OSError, UnicodeError) as error:
            raise cannot_listen(host, port, error, "--port") from error
        listener.set_inheritable(True)
        report(ServiceListening(host=host, port=listener.getsockname()[1]))
        yield listener


def cannot_listen(host: str, port: int, error: Exception, remedy: str) -> CannotListenError:
    """Return the error. ``remedy`` is the setting or option that selects another port."""
    if isinstance(error, UnicodeError):
        # Raised for a host with an empty or too long label, before it is looked up.
        return CannotListenError(f"cannot listen on {host} port {port}: no host has this name. Correct --host")
    cause = getattr(error, "strerror", None) or type(error).__name__
    return CannotListenError(
        f"cannot listen on {host} port {port}: {cause}. Choose another with {remedy}, or stop what uses it"
    )
