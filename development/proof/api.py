"""Answers as a client sees them that knows when it does not know: an answer that never came is none."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from development.client import ApiClient, http_client

CALL_SECONDS: Final = 120
CONNECTIONS: Final = 256
UNAVAILABLE: Final = 503


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` 0: nothing did."""

    status: int
    body: dict[str, Any]

    @property
    def refresh(self) -> str:
        """The refresh token that was given."""
        return str(self.body["refresh_token"])

    @property
    def access(self) -> str:
        """The access token that was given."""
        return str(self.body["access_token"])

    @property
    def is_decisive(self) -> bool:
        """Whether the caller knows what has been done."""
        return self.status not in {0, UNAVAILABLE}


def api_at(url: str) -> ApiClient:
    """Return a client of the service at a URL, which closes its connections after the block."""
    return ApiClient(http_client(url, timeout=CALL_SECONDS, connections=CONNECTIONS))


async def answer_to(call: Awaitable[httpx.Response]) -> Answer:
    """Wait for the answer to a call."""
    try:
        answer = await call
    except httpx.TransportError:
        return Answer(0, {})
    return Answer(answer.status_code, answer.json() if answer.content else {})
