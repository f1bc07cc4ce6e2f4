"""People with random names that the search for secrets finds, and the API client for them."""

import asyncio
import secrets
from collections.abc import Awaitable, Iterable
from typing import Final, Protocol, TypeVar

import httpx

from development.client import ApiClient, Person, http_client
from tests.e2e.canaries import EVIDENCE, NAME_MARK, PASSWORD_MARK

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 600
"""Long enough for a busy machine: password hashes run at low priority."""


class Server(Protocol):
    """A service, or a load balancer in front of several."""

    @property
    def base_url(self) -> str: ...


def new_person(username: str = "", password: str = "") -> Person:
    """Return the data of an account that no other test uses, not yet registered."""
    username = username or f"{NAME_MARK}{secrets.token_hex(8)}"
    password = password or f"{PASSWORD_MARK}-{secrets.token_urlsafe(8)}"
    return Person("", f"{username}@example.com", username, password)


def client_of(server: Server, headers: dict[str, str] | None = None, *, keeps_alive: bool = False) -> ApiClient:
    """Return a client. Each call opens a connection, unless ``keeps_alive``: then close the client."""
    closing = {} if keeps_alive else {"Connection": "close"}
    http = http_client(server.base_url, timeout=TIMEOUT_SECONDS, headers={**closing, **(headers or {})})
    http.event_hooks = {"response": [_remember]}
    return ApiClient(http, new_person)


async def _remember(answer: httpx.Response) -> None:
    await answer.aread()
    EVIDENCE.saw(answer)


async def all_at_once(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Make the calls concurrently."""
    return list(await asyncio.gather(*calls))
