"""A service that issues tokens to clients, and the calls to its standard endpoints."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

from doorward.api.services import Services
from doorward.domain.oauth.models import OAuthClient
from tests.integration.oauth.clients import ORDERS, Oauth
from tests.integration.service import Service

ISSUER: Final = "http://localhost:8000"
TOKEN: Final = "/oauth/token"
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Provider(Oauth):
    """One running service with its clients, resources and endpoints."""

    def __init__(self, service: Service) -> None:
        services: Services = service.app.state.services
        super().__init__(service, services.oauth)

    async def machine(self, **content: Any) -> "Machine":
        """Add a client with a secret."""
        client, secret = await self.client(**{"scopes": ("items:read",), **content})
        return Machine(self, client, secret)

    async def statements_of(self, call: Callable[[], Awaitable[httpx.Response]]) -> int:
        """Return the number of statements of a call: the minimum of three, because keys may be read again meanwhile."""
        counts = []
        for _ in range(3):
            before = self.service.connections_asked_for()
            assert (await call()).status_code == 200
            counts.append(self.service.connections_asked_for() - before)
        return min(counts)

    async def post(
        self, path: str, form: dict[str, Any], *, auth: tuple[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Send a form."""
        return await self.service.client.post(path, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT, **options)


class Machine:
    """A client with its secret."""

    def __init__(self, provider: Provider, client: OAuthClient, secret: str) -> None:
        self.provider = provider
        self.client = client
        self.id = client.client_id
        self.secret = secret

    async def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form with the client's authentication."""
        if self.client.auth_method == "client_secret_post":
            return await self.provider.post(path, {"client_id": self.id, "client_secret": self.secret, **form})
        return await self.provider.post(path, form, auth=(self.id, self.secret))

    async def post_token(self, **form: Any) -> httpx.Response:
        """Request a token with the client credentials grant."""
        return await self.post(TOKEN, **{"grant_type": "client_credentials", **form})

    async def token(self, **form: Any) -> str:
        """Return a token of the client credentials grant."""
        answer = await self.post_token(**form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def is_oauth_error(answer: httpx.Response, error: str, status: int = 400) -> bool:
    """Return whether the response is this error in the format of RFC 6749 section 5.2."""
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/json"
        and answer.headers["cache-control"] == "no-store"
        and set(body) == {"error", "error_description", "correlation_id"}
        and body["error"] == error
        and body["correlation_id"] == answer.headers["x-correlation-id"]
        and ("basic" in answer.headers.get("www-authenticate", "").lower()) == (error == "invalid_client")
        and ("retry-after" in answer.headers) == (error == "temporarily_unavailable")
    )


__all__ = ["FORM", "ISSUER", "ORDERS", "TOKEN", "Machine", "Provider", "is_oauth_error"]
