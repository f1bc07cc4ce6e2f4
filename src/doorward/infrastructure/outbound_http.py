"""Small requests to one foreign server: one connection each, verified, bounded in size, without redirects or proxies.

The environment has no say in where they go: neither ``HTTPS_PROXY`` nor a file of credentials is read.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httptools

_PIECE_BYTES: Final = 64 * 1024


class AnswerTooLargeError(Exception):
    """The server sent more bytes than are taken, header section included."""


class MalformedAnswerError(Exception):
    """What the server sent is no HTTP answer, or ends before its announced end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes


class HttpClient:
    """Sends requests to one server."""

    def __init__(self, origin: str, *, tls: ssl.SSLContext) -> None:
        """Take scheme, host and port of the server, and what verifies its certificate where the scheme is https."""
        parts = urlsplit(origin)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc
        self._tls = tls if parts.scheme == "https" else None

    async def get(self, path: str, *, headers: Mapping[str, str], maximum_bytes: int) -> Answer:
        """Return the answer to a GET, whatever its status. The caller bounds the time.

        Raises ``OSError`` when no connection comes about or it breaks, ``AnswerTooLargeError``,
        ``MalformedAnswerError``.
        """
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            lines = [f"GET {path} HTTP/1.1", f"Host: {self._authority}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode("ascii"))
            return await _read_answer(reader, maximum_bytes)
        finally:
            # Not closed politely: a server that does not end its side would be waited for.
            writer.transport.abort()


@dataclass(slots=True)
class _Message:
    """Collects what the parser finds. The names of the methods are the parser's."""

    body: bytearray = field(default_factory=bytearray)
    is_complete: bool = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.is_complete = True


async def _read_answer(reader: asyncio.StreamReader, maximum_bytes: int) -> Answer:
    message = _Message()
    parser = httptools.HttpResponseParser(message)
    received = 0
    while not message.is_complete:
        piece = await reader.read(_PIECE_BYTES)
        received += len(piece)
        if received > maximum_bytes:
            raise AnswerTooLargeError
        if not piece:
            raise MalformedAnswerError
        try:
            parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise MalformedAnswerError from error
    return Answer(parser.get_status_code(), bytes(message.body))
