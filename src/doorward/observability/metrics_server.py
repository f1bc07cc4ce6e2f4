"""The HTTP server of /metrics: one thread, a few connections, and a deadline for each exchange.

Each connection carries one request and its response. Responses are created one after another, because all of them read
the same metrics.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Final

from doorward.core.frozen import frozen
from doorward.observability.events import MetricsScrapeFailed
from doorward.observability.logging import report

PATH: Final = "/metrics"
METHODS: Final = ("GET", "HEAD")
LOOP_ITERATIONS_OF_ACCEPT: Final = 5
EXCHANGE_SECONDS: Final = 10.0
"""Deadline from the connection to the last byte of the response: the default timeout of a scrape by Prometheus."""

MAXIMUM_CONNECTIONS: Final = 64
MAXIMUM_HEAD_BYTES: Final = 8192
"""Maximum size of the request line and the header section. A body is not read."""


@frozen
class MetricsPage:
    """The metrics in the format that the client accepts."""

    content_type: str
    body: bytes


MakePage = Callable[[str], MetricsPage]
"""Returns the page for the value of a request's Accept field, which is empty if the field is missing."""


@frozen
class _Request:
    method: str
    path: str
    accept: str


class MetricsServer:
    """Responds to scrapes.

    If all connections are in use, the oldest one is closed for a new one. Clients that send or read slowly, or not at
    all, therefore do not block scrapes.
    """

    def __init__(self, make_page: MakePage, seconds: float = EXCHANGE_SECONDS) -> None:
        self._make_page = make_page
        self._seconds = seconds
        self._exchanges: dict[asyncio.Task[None], None] = {}

    @contextlib.contextmanager
    def running(self, listener: socket.socket) -> Iterator[None]:
        """Serve on the listening socket, in a thread, until the block ends."""
        ended: Future[None] = Future()
        # asyncio.run cancels the remaining exchanges.
        thread = threading.Thread(target=asyncio.run, args=[self._serve(listener, ended)], name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set_result(None)
            thread.join()

    async def _serve(self, listener: socket.socket, ended: Future[None]) -> None:
        server = await asyncio.start_server(self._begin_exchange, sock=listener, limit=MAXIMUM_HEAD_BYTES)
        await asyncio.wrap_future(ended)
        # Accept no more connections. One that was just accepted becomes an exchange within a few iterations of the
        # event loop; if the server were closed before, the connection would leak.
        asyncio.get_running_loop().remove_reader(listener)
        for _ in range(LOOP_ITERATIONS_OF_ACCEPT):
            await asyncio.sleep(0)
        server.close()

    def _begin_exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._exchanges) >= MAXIMUM_CONNECTIONS:
            oldest = next(iter(self._exchanges))
            # Removed now and not when it has ended, because another connection may arrive before.
            del self._exchanges[oldest]
            oldest.cancel()
        exchange = asyncio.get_running_loop().create_task(self._exchange(reader, writer))
        self._exchanges[exchange] = None
        # A callback also runs for an exchange that is cancelled before it has started.
        exchange.add_done_callback(partial(self._end_exchange, writer))

    def _end_exchange(self, writer: asyncio.StreamWriter, exchange: asyncio.Task[None]) -> None:
        self._exchanges.pop(exchange, None)
        writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                writer.write(self._answer(await _read_head(reader)))
                writer.close()
                # Wait until the client has received the whole response.
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            # The client was too slow or has disconnected. The next scrape follows within seconds.
            pass
        except Exception:  # noqa: BLE001 - reported with its traceback
            report(MetricsScrapeFailed())

    def _answer(self, head: bytes | None) -> bytes:
        if head is None:
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        request = _parse_head(head)
        if request is None:
            return _response(HTTPStatus.BAD_REQUEST)
        if request.path != PATH:
            return _response(HTTPStatus.NOT_FOUND)
        if request.method not in METHODS:
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, Allow=", ".join(METHODS))
        page = self._make_page(request.accept)
        respond = partial(_response, HTTPStatus.OK, page.body, content_type=page.content_type)
        return respond(with_body=request.method != "HEAD")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ``OSError`` if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_ipv6 = family == socket.AF_INET6
    # With ::, listen on all addresses, IPv4 included.
    return socket.create_server((host, port), family=family, dualstack_ipv6=is_ipv6 and socket.has_dualstack_ipv6())


async def _read_head(reader: asyncio.StreamReader) -> bytes | None:
    """Return the request line and the header section; None if they are too long."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return None


def _parse_head(head: bytes) -> _Request | None:
    """Return the parsed request; None if its first line is not one of HTTP/1 (RFC 9112 section 3)."""
    first, *lines = head.decode("latin-1").split("\r\n")
    match first.split(" "):
        case [method, target, "HTTP/1.0" | "HTTP/1.1"]:
            fields = [line.partition(":") for line in lines]
            accept = [value.strip() for name, _, value in fields if name.lower() == "accept"]
            return _Request(method, target.partition("?")[0], ", ".join(accept))
    return None


def _response(
    status: HTTPStatus,
    body: bytes = b"",
    *,
    content_type: str = "text/plain; charset=utf-8",
    with_body: bool = True,
    **fields: str,
) -> bytes:
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        # Without a version, which an attacker could look up.
        "Server: doorward",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + body if with_body else head
