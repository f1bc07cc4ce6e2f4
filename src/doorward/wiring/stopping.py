"""How the parts of a process that run in the background are stopped: all at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

GRACE_SECONDS: Final = 20
"""Time that requests, running tasks and deliveries have to finish after SIGTERM.

It exceeds the timeout of a call of a webhook or an application. A mail and the confirms of RabbitMQ may take 30
seconds: they are cancelled, and sent again later, by another process or after the next start.
"""


@asynccontextmanager
async def running_together(*parts: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
    """Enter the parts in order; at the end of the block, exit all of them concurrently.

    So a stop takes as long as its slowest part, not the sum of their grace periods. If some exits fail, the others
    still finish, then the first failure is raised.
    """
    entered: list[AbstractAsyncContextManager[None]] = []
    try:
        for part in parts:
            await part.__aenter__()
            entered.append(part)
        yield
    finally:
        exits = await asyncio.gather(*(part.__aexit__(None, None, None) for part in entered), return_exceptions=True)
        for failure in exits:
            if isinstance(failure, BaseException):
                raise failure
