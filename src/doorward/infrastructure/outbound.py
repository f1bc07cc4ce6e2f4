"""Outbound requests to hosts that others may have chosen: a host is resolved once, and all its addresses are checked.

The connection goes to a checked address, so that a name that later resolves to another one (DNS rebinding) is useless.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from doorward import __version__
from doorward.core.frozen import frozen
from doorward.infrastructure.outbound_addresses import Network, allowed_addresses
from doorward.infrastructure.outbound_http import (
    Answer,
    AnswerTooLargeError,
    HttpClient,
    MalformedAnswerError,
    NotConnectedError,
)

TOTAL_SECONDS: Final = 2.0
MAXIMUM_BYTES: Final = 256 * 1024
"""Maximum size of an answer, header section included."""

PRIVATE_NETWORKS: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(each)
    for each in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7")
)
"""Loopback, and the address ranges for private networks."""

_OK: Final = 200
_HEADERS: Final = {
    "User-Agent": f"doorward/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}

MAXIMUM_LOOKUPS: Final = 8
"""Maximum concurrent name lookups in this process."""

_lookups: Final = ThreadPoolExecutor(MAXIMUM_LOOKUPS, thread_name_prefix="lookup")
"""A lookup that hangs keeps its thread long after the caller's timeout. In the event loop's default executor it would
take the threads that connections to PostgreSQL need."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_Ask = Callable[[HttpClient, str], Awaitable[Answer]]
"""Sends a request for a target through the client of one address of a host."""


class NameUnknownError(Exception):
    """The host's name does not resolve."""


class AddressRefusedError(Exception):
    """The host has an address to which requests must not go."""


async def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises ``OSError``."""
    look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_lookups, look_up)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def clients_of(
    parts: SplitResult, *, networks: Sequence[Network], tls: ssl.SSLContext, resolve: Resolve = resolve_host
) -> list[HttpClient]:
    """Return a client for each address of a URL's host if all are allowed; plain http only in ``networks``.

    Raises ``NameUnknownError`` and ``AddressRefusedError``.
    """
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = await resolve(parts.hostname or "", port)
    # The codec for names refuses an empty or too long label before any lookup.
    except (OSError, UnicodeError) as error:
        raise NameUnknownError from error
    allowed = allowed_addresses(addresses, networks, only_networks=parts.scheme == "http")
    if allowed is None:
        raise AddressRefusedError
    origin = f"{parts.scheme}://{parts.netloc}"
    # The documents are JSON, of which a truncated one cannot be parsed.
    return [HttpClient(origin, tls=tls, address=address, requires_length=False) for address in allowed]


def target_of(parts: SplitResult) -> str:
    """Return the request target (RFC 9112 section 3.2.1) of a URL."""
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


class DocumentUnavailableError(Exception):
    """A document could not be fetched. ``reason`` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Document:
    """A fetched document. Header names are in lower case."""

    body: bytes
    headers: Mapping[str, str]


class Fetcher(Protocol):
    """Fetches documents of other services, from allowed addresses only."""

    async def fetch(self, url: str, *, allow_private_addresses: bool) -> Document:
        """Return the document at a URL. Raises ``DocumentUnavailableError``."""
        ...


class DocumentFetcher:
    """Fetches small JSON documents of other services by https: key sets and metadata. Follows no redirect."""

    def __init__(
        self, *, tls: ssl.SSLContext, resolve: Resolve = resolve_host, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        """Store the TLS context, the resolver of names, and the total timeout of one document."""
        self._tls = tls
        self._resolve = resolve
        self._total_seconds = total_seconds

    async def fetch(self, url: str, *, allow_private_addresses: bool = False) -> Document:
        """Return the document at a URL, from a public address by https.

        With ``allow_private_addresses`` it may also be at an address in ``PRIVATE_NETWORKS``, where plain http is
        allowed, too. Raises ``DocumentUnavailableError``.
        """

        async def get(http: HttpClient, target: str) -> Answer:
            return await http.get(target, headers=_HEADERS, maximum_bytes=MAXIMUM_BYTES)

        answer = await self._ask(url, get, allow_private_addresses=allow_private_addresses)
        if answer.status != _OK:
            raise DocumentUnavailableError("status")
        return Document(answer.body, answer.headers)

    async def send_form(
        self, url: str, form: bytes, *, authorization: str, allow_private_addresses: bool = False
    ) -> Answer:
        """Send a form to a URL, and return the answer, whatever its status. The rules of ``fetch`` apply.

        The next address of the host is tried only if no connection to the previous one was made.
        """
        headers = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded", "Authorization": authorization}

        async def post(http: HttpClient, target: str) -> Answer:
            return await http.exchange(target, headers=headers, body=form, maximum_bytes=MAXIMUM_BYTES)

        return await self._ask(url, post, allow_private_addresses=allow_private_addresses)

    async def _ask(self, url: str, ask: _Ask, *, allow_private_addresses: bool) -> Answer:
        """Return the answer of a URL's host. Raises ``DocumentUnavailableError``."""
        networks = PRIVATE_NETWORKS if allow_private_addresses else ()
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._ask_addresses(_parts(url), ask, networks)
        except TimeoutError as error:
            raise DocumentUnavailableError("timeout") from error
        except AnswerTooLargeError as error:
            raise DocumentUnavailableError("too_large") from error
        except MalformedAnswerError as error:
            raise DocumentUnavailableError("malformed") from error
        except NameUnknownError as error:
            raise DocumentUnavailableError("name_unknown") from error
        except AddressRefusedError as error:
            raise DocumentUnavailableError("address_refused") from error
        except OSError as error:
            raise DocumentUnavailableError("connection") from error

    async def _ask_addresses(self, parts: SplitResult, ask: _Ask, networks: Sequence[Network]) -> Answer:
        failure = NotConnectedError()
        for http in await clients_of(parts, networks=networks, tls=self._tls, resolve=self._resolve):
            try:
                return await ask(http, target_of(parts))
            except NotConnectedError as error:
                failure = error
        raise failure


class PublicFetcher:
    """Fetches documents from public addresses. The CA certificates are loaded at the first fetch."""

    def __init__(self) -> None:
        self._fetcher: DocumentFetcher | None = None

    async def fetch(self, url: str) -> Document:
        """Return the document at a URL. Raises ``DocumentUnavailableError``."""
        if self._fetcher is None:
            self._fetcher = DocumentFetcher(tls=await asyncio.to_thread(ssl.create_default_context))
        return await self._fetcher.fetch(url)


def _parts(url: str) -> SplitResult:
    """Split a URL, which another service may have chosen.

    Raises ``DocumentUnavailableError`` for anything but plain ASCII, http or https, a host, and no user or fragment.
    """
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise DocumentUnavailableError("address_malformed")
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise DocumentUnavailableError("address_malformed") from error
    if parts.scheme not in {"http", "https"} or not is_usable or "@" in parts.netloc or parts.fragment:
        raise DocumentUnavailableError("address_malformed")
    return parts
