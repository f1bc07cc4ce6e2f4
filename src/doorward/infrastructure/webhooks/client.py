"""Sends one webhook: resolves its host once, checks every address, and connects to a checked one."""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from doorward.domain.webhooks.models import Answered, NoAnswer
from doorward.infrastructure.outbound import (
    AddressRefusedError,
    NameUnknownError,
    Resolve,
    clients_of,
    resolve_host,
    target_of,
)
from doorward.infrastructure.outbound_addresses import Network, allowed_addresses
from doorward.infrastructure.outbound_http import (
    AnswerTooLargeError,
    Head,
    MalformedAnswerError,
    NotConnectedError,
)

TOTAL_SECONDS: Final = 15.0
MAXIMUM_HEAD_BYTES: Final = 256 * 1024
"""More than the largest head and the part of the body that is received together with it."""

_BUSY: Final = (429, 503)
LONGEST_RETRY_AFTER: Final = 9
"""Maximum digits of Retry-After."""


class WebhookClient:
    """Sends to global addresses by https, and to allowed networks. Follows no redirect and reads no body."""

    def __init__(
        self,
        *,
        networks: Sequence[Network],
        tls: ssl.SSLContext,
        resolve: Resolve = resolve_host,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """Store the allowed networks, the TLS context, and the total timeout of one webhook."""
        self._networks = networks
        self._tls = tls
        self._resolve = resolve
        self._total_seconds = total_seconds

    @property
    def allows_plain_http(self) -> bool:
        """Whether there are networks to which plain http is allowed."""
        return bool(self._networks)

    def is_host_allowed(self, url: str) -> bool:
        """Return whether the host is allowed, if it is an IP address. A name is checked when the webhook is sent."""
        parts = urlsplit(url)
        try:
            address = str(ipaddress.ip_address(parts.hostname or ""))
        except ValueError:
            return True
        return allowed_addresses([address], self._networks, only_networks=parts.scheme == "http") is not None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered | NoAnswer:
        """Post the body once; return the status, or why there is none."""
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._send(urlsplit(url), headers, body)
        except TimeoutError:
            return NoAnswer("timeout")
        except AnswerTooLargeError:
            return NoAnswer("too_large")
        except MalformedAnswerError:
            return NoAnswer("malformed")
        except OSError:
            return NoAnswer("connection")

    async def _send(self, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> Answered | NoAnswer:
        try:
            clients = await clients_of(parts, networks=self._networks, tls=self._tls, resolve=self._resolve)
        except NameUnknownError:
            return NoAnswer("name_unknown")
        except AddressRefusedError:
            return NoAnswer("address_refused")
        failure: NotConnectedError | None = None
        for http in clients:
            try:
                head = await http.post(target_of(parts), headers=headers, body=body, maximum_bytes=MAXIMUM_HEAD_BYTES)
            except NotConnectedError as error:
                failure = error
            else:
                return Answered(head.status, _retry_after(head))
        is_tls = failure is not None and isinstance(failure.__cause__, ssl.SSLError)
        return NoAnswer("tls" if is_tls else "connection")


def _retry_after(head: Head) -> int | None:
    """Return the seconds of Retry-After (RFC 9110 section 10.2.3), None without it or for a date."""
    if head.status not in _BUSY:
        return None
    text = head.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_RETRY_AFTER else None
