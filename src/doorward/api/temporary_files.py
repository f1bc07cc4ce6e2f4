"""Temporary files that hold a large request or response body until it is complete."""

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
"""Maximum size of a file in memory; a larger one is moved to the disk."""

CHUNK_BYTES: Final = 64 * 1024


@contextlib.contextmanager
def temporary_file() -> Iterator[IO[bytes]]:
    """Yield an empty file, and close it."""
    file = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # Closing tries to write once more, which fails if the disk is full.
        with contextlib.suppress(OSError):
            file.close()


async def _file_of_answer() -> AsyncIterator[IO[bytes]]:
    with temporary_file() as file:
        yield file


FileOfAnswer = Annotated[IO[bytes], Depends(_file_of_answer)]
"""A file that is closed after the response was sent or the client has disconnected."""


async def file_response(
    file: IO[bytes], write: Callable[[IO[bytes]], Awaitable[object]], *, name: str, media_type: str
) -> Response:
    """Write the file with ``write``, and return a response that sends it as an attachment with this name.

    Raises ``ServiceUnavailableError`` if the disk is full, and what ``write`` raises.
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
