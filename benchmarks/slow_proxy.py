"""A TCP proxy that delays each piece of the answers, as a slow network does.

Run as a program, with the standard library only: HOST:PORT to listen at, HOST:PORT of the target, milliseconds.
"""

import asyncio
import contextlib
import sys


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_seconds: float) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            await asyncio.sleep(delay_seconds)
            writer.write(piece)
            await writer.drain()
    writer.close()


async def main(listen: str, target: str, milliseconds: str) -> None:
    """Forward connections to the target, and delay each piece of the answers by this many milliseconds."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        answers, calls = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_forward(reader, calls, 0), _forward(answers, writer, int(milliseconds) / 1000))

    host, _, port = listen.rpartition(":")
    async with await asyncio.start_server(take, host, int(port)) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
