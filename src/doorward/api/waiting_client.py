"""The client of a request that takes long: the work for it is dropped when it leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from doorward.domain.auth.ports import Client, ClientLeftError
from doorward.observability.request_context import current_client


@asynccontextmanager
async def waiting_client(request: Request) -> AsyncIterator[Client]:
    """Yield the client of a request whose body was read, and notice when it leaves.

    Raises ``ClientDisconnect`` when the work was dropped because it has left.
    """
    leaving = asyncio.create_task(_wait_for_disconnect(request))
    try:
        yield Client(current_client(), leaving.done)
    except ClientLeftError as error:
        raise ClientDisconnect from error
    finally:
        leaving.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
