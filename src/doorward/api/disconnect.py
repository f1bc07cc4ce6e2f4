"""The client of a slow request, whose work is cancelled when the client disconnects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from doorward.domain.auth.ports import Client, ClientLeftError
from doorward.observability.request_context import current_client


@asynccontextmanager
async def watch_disconnect(request: Request) -> AsyncIterator[Client]:
    """Yield the client of a request whose body was read, and watch for its disconnect.

    Raises ``ClientDisconnect`` if the work was cancelled because the client has disconnected.
    """
    disconnect = asyncio.create_task(_wait_for_disconnect(request))
    try:
        yield Client(current_client(), disconnect.done)
    except ClientLeftError as error:
        raise ClientDisconnect from error
    finally:
        disconnect.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
