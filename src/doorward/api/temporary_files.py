"""Files that hold a long body, or a long answer, until all of it is there."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import IO, Annotated, Final

from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from doorward.core.exceptions import ServiceUnavailableError
from doorward.observability.events import HttpBodyNotStored
from doorward.observability.logging import report

HELD_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Of a file, before it goes to the disk."""

CHUNK_BYTES: Final = 64 * 1024


@contextlib.contextmanager
def temporary_file() -> Iterator[IO[bytes]]:
    """Yield an empty file, and close it."""
    file = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # Closing tries to write once more.
        with contextlib.suppress(OSError):
            file.close()


async def _file_of_answer() -> AsyncIterator[IO[bytes]]:
    with temporary_file() as file:
        yield file


FileOfAnswer = Annotated[IO[bytes], Depends(_file_of_answer)]
"""A file that is closed when the answer was sent, or the client has left."""


async def file_response(
    file: IO[bytes], write: Callable[[IO[bytes]], Awaitable[object]], *, name: str, media_type: str
) -> Response:
    """Write a file with ``write``, and return the answer that sends it under a name.

    Raises ``ServiceUnavailableError`` when the disk is full, and what ``write`` raises.
    """
    try:
        await write(file)
        file.seek(0)
    except OSError as error:
        report(HttpBodyNotStored(error=type(error).__name__))
        raise ServiceUnavailableError from error
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
