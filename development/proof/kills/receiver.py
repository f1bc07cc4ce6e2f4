"""A receiver of webhooks on this machine, which stores and accepts every message."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

OK: Final = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Received:
    """One message: the body, and the id of the header field, which logout messages do not have."""

    id: str
    body: bytes

    @property
    def user_id(self) -> str:
        """The user of the event."""
        return str(json.loads(self.body)["data"]["user_id"])

    @property
    def sequence(self) -> int:
        """The sequence number of the event."""
        return int(json.loads(self.body)["sequence"])


@dataclass
class Receiver:
    """The received messages, in order."""

    got: list[Received] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Receive one message."""
        # A killed sender sends an incomplete message and receives no response.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append(Received(headers.get("webhook-id", ""), body))
            writer.write(OK)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[int]:
    """Run the receiver within the block; yield its port."""
    server: Any = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
