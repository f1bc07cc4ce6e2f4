"""Large bodies: streamed to a file, with limits on concurrency and a minimum rate, and used only when complete."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any, Final

from fastapi import Depends, Request

from doorward.api.bodies import BYTES, JSON, BodyReader, check_content_type
from doorward.api.caller import CurrentOwner
from doorward.api.exceptions import TooManyImportsError, UploadTooSlowError
from doorward.api.routing import route_of
from doorward.api.services import services_of
from doorward.api.temporary_files import temporary_file
from doorward.core.exceptions import ServiceUnavailableError
from doorward.observability.events import HttpBodyNotStored
from doorward.observability.logging import report

CSV: Final = "text/csv"
OTHER_NAMES_OF_CSV: Final = (
    "text/tab-separated-values",
    "text/plain",
    "application/vnd.ms-excel",
    "application/csv",
    "text/x-csv",
    "application/x-csv",
    "text/comma-separated-values",
    "text/x-comma-separated-values",
    BYTES,
)
"""Media types that browsers and programs send for CSV. On Windows, browsers send the type of Excel if it opens CSV."""

NDJSON: Final = "application/x-ndjson"
MINIMUM_BYTES_PER_SECOND: Final = 16 * 1024
"""Minimum rate of an upload, which a slow mobile connection reaches."""


class CsvReader(BodyReader):
    """Stores the whole body of a signed-in user in a file, and yields it when it is complete."""

    media_type = CSV

    async def __call__(self, request: Request, owner_id: CurrentOwner) -> AsyncIterator[IO[bytes]]:
        """Yield the file.

        Before the first byte is read, it takes a bulk slot and becomes the only import of its user in this process.
        Raises ``ImportUnderWayError``, ``ServiceUnavailableError`` if no place is free or the disk is full,
        ``TooManyImportsError`` and ``UploadTooSlowError``. An incomplete body raises ``ClientDisconnect``.
        """
        check_content_type(request, self.media_type, *self.other_media_types)
        services = services_of(request)
        with services.edge.calls.single_import(owner_id), services.edge.bulk_slot():
            limit = route_of(request).policy.limit_of_user
            if limit is not None and (seconds := await services.edge.limiter.count(limit, f"user {owner_id}")):
                raise TooManyImportsError(seconds)
            with temporary_file() as file:
                await _store_body(request, file, services.edge.upload_seconds, services.edge.upload_idle_seconds)
                yield file

    def schema(self) -> dict[str, Any]:
        """Return the schema of a text; the route adds an example."""
        return {"type": "string"}


class SpreadsheetReader(CsvReader):
    """Reads a CSV file under any usual media type. Its content determines the format."""

    other_media_types = OTHER_NAMES_OF_CSV


class UserFileReader(CsvReader):
    """Reads a file of users in one of several formats."""

    media_type = NDJSON
    other_media_types = (CSV, JSON)


async def _store_body(request: Request, file: IO[bytes], seconds: float, idle_seconds: float) -> None:
    """Write the body to the file within ``seconds``, and at least at the minimum rate in each ``idle_seconds``."""
    now = asyncio.get_running_loop().time
    received = 0
    try:
        async with asyncio.timeout(seconds), asyncio.timeout(idle_seconds) as idle:
            async for chunk in request.stream():
                file.write(chunk)
                received += len(chunk)
                if received >= idle_seconds * MINIMUM_BYTES_PER_SECOND:
                    received = 0
                    idle.reschedule(now() + idle_seconds)
        # Flushes the buffer.
        file.seek(0)
    except TimeoutError as error:
        raise UploadTooSlowError from error
    except OSError as error:
        report(HttpBodyNotStored(error=type(error).__name__))
        raise ServiceUnavailableError from error


# Function scope: the bulk slot is released when the route returns, not when a slow client has read the response.
CsvBody = Annotated[IO[bytes], Depends(SpreadsheetReader(), scope="function")]
UserFileBody = Annotated[IO[bytes], Depends(UserFileReader(), scope="function")]
