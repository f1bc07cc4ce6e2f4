"""Responses for clients that distinguish known from unknown outcomes, such as lost responses."""

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
    """A response. ``status`` is 0 if none arrived."""

    status: int
    body: dict[str, Any]

    @property
    def refresh(self) -> str:
        """The refresh token in the response."""
        return str(self.body["refresh_token"])

    @property
    def access(self) -> str:
        """The access token in the response."""
        return str(self.body["access_token"])

    @property
    def is_conclusive(self) -> bool:
        """Whether the caller knows if the change was made."""
        return self.status not in {0, UNAVAILABLE}


def api_at(url: str) -> ApiClient:
    """Return an API client of the service at a URL; it closes its connections after the block."""
    return ApiClient(http_client(url, timeout=CALL_SECONDS, connections=CONNECTIONS))


async def answer_to(call: Awaitable[httpx.Response]) -> Answer:
    """Await a call and return its response."""
    try:
        answer = await call
    except httpx.TransportError:
        return Answer(0, {})
    return Answer(answer.status_code, answer.json() if answer.content else {})
