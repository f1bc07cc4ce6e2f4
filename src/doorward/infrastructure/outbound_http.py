"""Small requests to one foreign server: one connection each, verified, bounded in size, without redirects or proxies.

Environment variables do not redirect them: neither ``HTTPS_PROXY`` nor a file of credentials is read.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httptools

from doorward.core.frozen import frozen

_PIECE_BYTES: Final = 64 * 1024
_FIRST_FINAL_STATUS: Final = 200
_LENGTHS: Final = {"content-length", "transfer-encoding"}


class NotConnectedError(OSError):
    """The connection failed, so that the server cannot have received any part of the request."""


class AnswerTooLargeError(Exception):
    """The server sent more bytes than allowed, header section included."""


class MalformedAnswerError(Exception):
    """The server's answer is not valid HTTP, ends before its announced end, or lacks one that is required."""


@frozen
class Answer:
    """A complete answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """Names are in lower case. Of several header fields with one name, the last one counts."""


@frozen
class Head:
    """Status and headers of an answer. Names are in lower case; of several fields with one name, the last counts."""

    status: int
    headers: Mapping[str, str]


class HttpClient:
    """Sends requests to one server."""

    def __init__(
        self, origin: str, *, tls: ssl.SSLContext, address: str | None = None, requires_length: bool = True
    ) -> None:
        """Store scheme, host and port of the server, and the TLS context for https.

        With ``address`` connections go there, whatever the host resolves to. The certificate must still be that of the
        host. Without ``requires_length``, a body may end with the connection: a truncated one is then not detected.
        """
        parts = urlsplit(origin)
        self._host = parts.hostname or ""
        self._address = address or self._host
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc
        self._requires_length = requires_length
        self._tls = tls if parts.scheme == "https" else None

    async def get(self, path: str, *, headers: Mapping[str, str], maximum_bytes: int) -> Answer:
        """Return the answer to a GET, whatever its status. The caller bounds the time.

        Raises ``OSError`` when the connection fails or breaks, ``AnswerTooLargeError``,
        ``MalformedAnswerError``.
        """
        async with self._connected() as (reader, writer):
            writer.write(self._head("GET", path, headers))
            return await _read_answer(reader, maximum_bytes, requires_length=self._requires_length)

    async def exchange(self, path: str, *, headers: Mapping[str, str], body: bytes, maximum_bytes: int) -> Answer:
        """Send a body; return the answer, whatever its status. The caller bounds the time. Raises as ``get`` does."""
        async with self._connected() as (reader, writer):
            writer.write(self._head("POST", path, {**headers, "Content-Length": str(len(body))}) + body)
            return await _read_answer(reader, maximum_bytes, requires_length=self._requires_length)

    async def post(self, path: str, *, headers: Mapping[str, str], body: bytes, maximum_bytes: int) -> Head:
        """Send a body; return the head of the answer, whose body is not read. The caller bounds the time.

        Raises ``NotConnectedError``, ``OSError`` when the connection breaks, ``AnswerTooLargeError``,
        ``MalformedAnswerError``.
        """
        async with self._connected() as (reader, writer):
            writer.write(self._head("POST", path, {**headers, "Content-Length": str(len(body))}) + body)
            return await _read_head(reader, maximum_bytes)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        server_name = None if self._tls is None else self._host
        try:
            reader, writer = await asyncio.open_connection(
                self._address, self._port, ssl=self._tls, server_hostname=server_name
            )
        except OSError as error:
            raise NotConnectedError from error
        try:
            yield reader, writer
        finally:
            # Aborted, because a regular close would wait for a server that does not close its side.
            writer.transport.abort()

    def _head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._authority}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii")


@dataclass(slots=True)
class _Message:
    """Collects the parser's results. The parser defines the names of the methods."""

    body: bytearray = field(default_factory=bytearray)
    headers: dict[str, str] = field(default_factory=dict)
    has_head: bool = False
    is_complete: bool = False

    @property
    def may_end_with_connection(self) -> bool:
        """Whether no length is announced: the body ends with the connection (RFC 9112 section 6.3)."""
        return self.has_head and not self.is_complete and not _LENGTHS & self.headers.keys()

    def on_message_begin(self) -> None:
        # An informational answer (RFC 9110 section 15.2) may have come before.
        self.headers, self.has_head, self.is_complete = {}, False, False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.is_complete = True


async def _read_answer(reader: asyncio.StreamReader, maximum_bytes: int, *, requires_length: bool) -> Answer:
    message = _Message()
    parser = httptools.HttpResponseParser(message)
    async for has_ended in _fed(parser, reader, maximum_bytes):
        if message.is_complete and parser.get_status_code() >= _FIRST_FINAL_STATUS:
            break
        if has_ended and (requires_length or not message.may_end_with_connection):
            raise MalformedAnswerError
    return Answer(parser.get_status_code(), bytes(message.body), message.headers)


async def _read_head(reader: asyncio.StreamReader, maximum_bytes: int) -> Head:
    message = _Message()
    parser = httptools.HttpResponseParser(message)
    async for has_ended in _fed(parser, reader, maximum_bytes):
        if message.has_head and parser.get_status_code() >= _FIRST_FINAL_STATUS:
            break
        if has_ended:
            raise MalformedAnswerError
    return Head(parser.get_status_code(), message.headers)


async def _fed(
    parser: httptools.HttpResponseParser, reader: asyncio.StreamReader, maximum_bytes: int
) -> AsyncGenerator[bool]:
    """Feed the parser; yield after each piece whether the connection has ended, until it has or the caller stops."""
    received = 0
    while piece := await reader.read(_PIECE_BYTES):
        received += len(piece)
        if received > maximum_bytes:
            raise AnswerTooLargeError
        try:
            parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise MalformedAnswerError from error
        yield False
    yield True
