"""A receiver of webhooks on a loopback port: it stores the requests, and sends configured responses."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def answer_of(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", "Content-Length: 0", *headers, "", ""]
    return "\r\n".join(lines).encode()


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    target: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """The requests, and the responses in turn, repeating the last one. ``hold`` delays responses until it is set."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers) or [OK]
        self.got: list[Received] = []
        self.hold: asyncio.Event | None = None
        self.tail = b""
        """Sent after the response for as long as the client reads it."""
        self.sent = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            pairs = (line.split(": ", 1) for line in lines if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append(Received(first.split()[1], headers, body))
            if self.hold is not None:
                await self.hold.wait()
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
            while self.tail:
                writer.write(self.tail)
                self.sent += len(self.tail)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has closed the connection, as some tests require.
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run the server within the block; yield its port."""
    server: Any = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # Leave open connections: the test's event loop ends with them.
        server.close()
