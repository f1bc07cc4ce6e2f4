"""Passes TCP on to another address and holds back each piece of the answers: what a slow network does.

Run as a program, with the standard library alone: HOST:PORT to listen at, HOST:PORT to pass on to, milliseconds.
"""

import asyncio
import contextlib
import sys


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_seconds: float) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            await asyncio.sleep(delay_seconds)
            writer.write(piece)
            await writer.drain()
    writer.close()


async def main(listen: str, target: str, milliseconds: str) -> None:
    """Pass connections on to the target, each answer after this many milliseconds."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        answers, calls = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass_on(reader, calls, 0), _pass_on(answers, writer, int(milliseconds) / 1000))

    host, _, port = listen.rpartition(":")
    async with await asyncio.start_server(take, host, int(port)) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
