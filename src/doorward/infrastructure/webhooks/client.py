"""Send one webhook: resolve its host once, vet every address, and connect to a vetted one."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from doorward.domain.webhooks.models import Answered, Unanswered
from doorward.infrastructure.outbound_http import (
    AnswerTooLargeError,
    Head,
    HttpClient,
    MalformedAnswerError,
    NotConnectedError,
)
from doorward.infrastructure.webhooks.addresses import Network, vetted

TOTAL_SECONDS: Final = 15.0
MAXIMUM_HEAD_BYTES: Final = 256 * 1024
"""More than the largest head and the piece of the body that is received together with it."""

_BUSY: Final = (429, 503)
LONGEST_RETRY_AFTER: Final = 9
"""Digits."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises ``OSError``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class WebhookClient:
    """Sends to https addresses that are global, and to opened networks. Follows no redirect and reads no body."""

    def __init__(
        self,
        *,
        networks: Sequence[Network],
        tls: ssl.SSLContext,
        resolve: Resolve = resolve_host,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """Take the opened networks, what verifies certificates, and how long one webhook may take in all."""
        self._networks = networks
        self._tls = tls
        self._resolve = resolve
        self._total_seconds = total_seconds

    @property
    def opens_networks(self) -> bool:
        """Whether there are networks that plain http may go to."""
        return bool(self._networks)

    def may_go_to(self, url: str) -> bool:
        """Tell whether the host, where it is an address and no name, is allowed."""
        parts = urlsplit(url)
        try:
            address = str(ipaddress.ip_address(parts.hostname or ""))
        except ValueError:
            return True
        return self._vetted(parts, [address]) is not None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered | Unanswered:
        """Post the body once; return the status, or why there is none."""
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._send(urlsplit(url), headers, body)
        except TimeoutError:
            return Unanswered("timeout")
        except AnswerTooLargeError:
            return Unanswered("too_large")
        except MalformedAnswerError:
            return Unanswered("malformed")
        except OSError:
            return Unanswered("connection")

    async def _send(self, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> Answered | Unanswered:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            # UnicodeError: a label of the name is empty or too long.
            return Unanswered("name_unknown")
        allowed = self._vetted(parts, addresses)
        if allowed is None:
            return Unanswered("address_refused")
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        failure: NotConnectedError | None = None
        for address in allowed:
            http = HttpClient(f"{parts.scheme}://{parts.netloc}", tls=self._tls, address=address)
            try:
                head = await http.post(path, headers=headers, body=body, maximum_bytes=MAXIMUM_HEAD_BYTES)
            except NotConnectedError as error:
                failure = error
            else:
                return Answered(head.status, _retry_after(head))
        is_tls = failure is not None and isinstance(failure.__cause__, ssl.SSLError)
        return Unanswered("tls" if is_tls else "connection")

    def _vetted(self, parts: SplitResult, addresses: Sequence[str]) -> list[str] | None:
        return vetted(addresses, self._networks, only_networks=parts.scheme == "http")


def _retry_after(head: Head) -> int | None:
    """Return the seconds of Retry-After (RFC 9110 section 10.2.3), None without it or for a date."""
    if head.status not in _BUSY:
        return None
    text = head.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_RETRY_AFTER else None
