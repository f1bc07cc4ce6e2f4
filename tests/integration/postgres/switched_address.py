"""An address of PostgreSQL that can be switched to another server, like a DNS name or a virtual IP address."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PIECE_BYTES: Final = 64 * 1024
HANGS_AFTER_SECONDS: Final = 120


class SwitchedAddress:
    """A loopback port. Connections made before a switch keep their server."""

    def __init__(self, target: Path) -> None:
        """Take the Unix socket of the first server."""
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting: Future[asyncio.Server] = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._forward, "127.0.0.1", 0), self._loop
        )
        self._server = starting.result(HANGS_AFTER_SECONDS)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(HANGS_AFTER_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lead_to(self, target: Path) -> None:
        """Connect new clients to the server with this socket."""
        self._target = target

    def url(self, role: str, database: str) -> str:
        """Return the address in the format of DATABASE_URL."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        forwarding = asyncio.all_tasks() - {asyncio.current_task()}
        for each in forwarding:
            each.cancel()
        await asyncio.gather(*forwarding, return_exceptions=True)

    async def _forward(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with contextlib.closing(to_client):
            try:
                server, to_server = await asyncio.open_unix_connection(self._target)
            except OSError:
                # Like a machine without a listening server: the client is refused.
                return
            with contextlib.closing(to_server):
                streams = ((client, to_server), (server, to_client))
                directions = [asyncio.create_task(pump(*each)) for each in streams]
                try:
                    await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for each in directions:
                        each.cancel()
                    await asyncio.gather(*directions, return_exceptions=True)


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(PIECE_BYTES):
            target.write(piece)
            await target.drain()
