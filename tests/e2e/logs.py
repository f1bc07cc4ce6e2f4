"""The log of a running service."""

import asyncio
import secrets
import time
from typing import Final

from development.client import ME
from tests.e2e.people import client_of
from tests.e2e.stack import Service

LOGGED_SECONDS: Final = 60


async def complete_log(service: Service) -> tuple[str, str]:
    """Return the log with all requests up to now, and the correlation id of the last: a line follows its response."""
    correlation_id = secrets.token_hex(8)
    await client_of(service).call("GET", ME, headers={"X-Correlation-ID": correlation_id})
    deadline = time.monotonic() + LOGGED_SECONDS
    while correlation_id not in (log := service.logs()) or not log.endswith("\n"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return log, correlation_id
