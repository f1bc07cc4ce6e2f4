"""Auth over HTTP, as a client that knows when it does not know: an answer that never came is none."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx

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


class Api:
    """The calls."""

    def __init__(self, url: str) -> None:
        """Take where the service answers."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._client = httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS, trust_env=False, limits=limits)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def register(self, username: str, email: str, password: str) -> Answer:
        """Make an account."""
        return await self._call("register", json={"username": username, "email": email, "password": password})

    async def log_in(self, username: str, password: str) -> Answer:
        """Begin a session."""
        return await self._call("token", data={"username": username, "password": password})

    async def refresh(self, token: str) -> Answer:
        """Use a refresh token."""
        return await self._call("refresh", json={"refresh_token": token})

    async def revoke(self, token: str) -> Answer:
        """End a session."""
        return await self._call("revoke", json={"refresh_token": token})

    async def me(self, access: str) -> Answer:
        """Ask who the access token speaks of."""
        return await self._call("me", method="GET", headers={"Authorization": f"Bearer {access}"})

    async def _call(self, path: str, method: str = "POST", **options: Any) -> Answer:  # noqa: ANN401 - httpx's own
        try:
            answer = await self._client.request(method, f"/api/v1/auth/{path}", **options)
        except httpx.TransportError:
            return Answer(0, {})
        return Answer(answer.status_code, answer.json() if answer.content else {})
