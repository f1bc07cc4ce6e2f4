"""A stand-in for the server of breached passwords: the range API on a loopback port, with typical faults."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

PADDING: Final = "".join(f"{number:035X}:0\r\n" for number in range(800))


class Ranges:
    """The known hashes, the received requests, and the responses. ``raw`` is sent instead of a response."""

    def __init__(self, passwords: Iterable[str] = ()) -> None:
        self._digests = [digest_of(each) for each in passwords]
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.raw: bytes | None = None
        self.ends_after_answer = True
        self.hold: asyncio.Event | None = None
        self.on_request: Callable[[], object] = lambda: None

    def range_of(self, prefix: str) -> str:
        found = [f"{each[5:]}:27\r\n" for each in self._digests if each.startswith(prefix)]
        return PADDING + "".join(found)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()
            self.heads.append(head)
            self.asked.append(path)
            self.on_request()
            if self.hold is not None:
                await self.hold.wait()
            writer.write(self.raw if self.raw is not None else ok(self.range_of(path.rpartition("/")[2])))
            await writer.drain()
            if not self.ends_after_answer:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has closed the connection, as some tests require.
            pass
        finally:
            writer.close()


def digest_of(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


def ok(text: str, *, status: str = "200 OK", headers: str = "") -> bytes:
    body = text.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def breach_server(ranges: Ranges, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run the server within the block; yield its port."""
    server = await asyncio.start_server(ranges.answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
        yield port
