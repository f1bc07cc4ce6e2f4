"""Dynamic client registration: the calls of clients."""

import json
from typing import Any, Final

import httpx

from doorward.core.versions import any_version
from doorward.domain.oauth.registration_models import InitialTokenContent
from tests.integration.oauth.browsers import CALLBACK, Application
from tests.integration.oauth.clients import ORDERS
from tests.integration.oauth.provider import ISSUER, Machine, Provider

REGISTER: Final = "/oauth/register"
SCOPES: Final = ("openid", "profile", "offline_access", "orders:read")


async def initial(provider: Provider, **content: Any) -> str:
    values = {"name": "Tools", "scopes": SCOPES, "resources": (ORDERS,), "uses": 1, **content}
    return await provider.registration_tokens.create(InitialTokenContent(**values))


async def call(provider: Provider, method: str, path: str, token: str | None, **body: Any) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if method not in {"POST", "PUT"}:
        return await provider.service.client.request(method, path, headers=headers)
    # The body may contain lone surrogates, which httpx cannot encode.
    headers["Content-Type"] = "application/json"
    return await provider.service.client.request(method, path, headers=headers, content=json.dumps(body))


def client_metadata(**changes: Any) -> dict[str, Any]:
    members = {
        "client_name": "Tool",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


async def registered(provider: Provider, **changes: Any) -> dict[str, Any]:
    answer = await call(provider, "POST", REGISTER, await initial(provider), **client_metadata(**changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def application(provider: Provider, body: dict[str, Any]) -> Application:
    client = (await provider.clients.get(body["client_id"], any_version)).client
    return Application(provider, Machine(provider, client, body.get("client_secret", "")))


def own(body: dict[str, Any]) -> tuple[str, str]:
    """Return the path and the token of the client's own configuration endpoint."""
    return body["registration_client_uri"].removeprefix(ISSUER), body["registration_access_token"]


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return client_metadata(client_id=body["client_id"], **changes)


def stored_uses(provider: Provider) -> int:
    (row,) = provider.sql("SELECT sum(uses_left) AS uses FROM oauth_registration_tokens")
    return int(row["uses"])
