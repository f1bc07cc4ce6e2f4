"""Prepares the OpenID provider for the fuzzer of the API: dynamically registered clients, and a signed-in user."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from development.proof.sign_ins import (
    CALLBACK,
    ISSUER,
    PASSWORD,
    VERIFIER,
    Browser,
    PreparedRequest,
    add_application,
    http_at,
)
from doorward.domain.oauth.pkce import challenge_of
from doorward.domain.oauth.registration_models import MAXIMUM_USES, InitialTokenContent
from doorward.settings.config import settings_from
from doorward.wiring.operations import opened_oauth

REGISTER: Final = "/oauth/register"
ABOUT_ITSELF: Final = ("GET", "PUT", "DELETE")
METADATA: Final[Mapping[str, Any]] = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
ASKED: Final[Mapping[str, str]] = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
"""The parameters of a valid authorization request, except the client and the scope."""


@dataclass(frozen=True)
class RegisteredClient:
    """A dynamically registered client, and its registration access token."""

    id: str
    token: str


@dataclass(frozen=True)
class PreparedProvider:
    """``access_token`` belongs to an application with a signed-in user; ``registered`` has the clients by call."""

    access_token: str
    initial_token: str
    registered: Mapping[str, RegisteredClient]

    def bearers(self) -> Mapping[str, str]:
        """Return the bearer token of each call whose caller is not a user of the API."""
        return {
            "GET /oauth/userinfo": self.access_token,
            "POST /oauth/userinfo": self.access_token,
            f"POST {REGISTER}": self.initial_token,
            **{call: client.token for call, client in self.registered.items()},
        }


def prepare_provider(base_url: str, database_url: str, secret_key: str) -> PreparedProvider:
    """Sign in a user to an application, and register clients dynamically."""
    return asyncio.run(_prepare(base_url, database_url, secret_key))


async def _prepare(base_url: str, database_url: str, secret_key: str) -> PreparedProvider:
    given = {"secret_key": secret_key, "database_url": database_url, "public_url": ISSUER, "environment": "development"}
    settings, name = settings_from(given), "fuzz-signed-in"
    async with opened_oauth(settings) as oauth:
        content = InitialTokenContent("fuzz", ("openid", "profile"), uses=MAXIMUM_USES, life=timedelta(days=1))
        initial_token = await oauth.registration_tokens.create(content)
    application = await add_application(settings)
    async with http_at(base_url) as http:
        registered = {}
        for method in ABOUT_ITSELF:
            headers = {"Authorization": f"Bearer {initial_token}"}
            made = (await PreparedRequest("POST", REGISTER, body=METADATA, headers=headers).send(http)).json()
            client = RegisteredClient(made["client_id"], made["registration_access_token"])
            registered[f"{method} {REGISTER}/{{client_id}}"] = client
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        await PreparedRequest("POST", "/api/v1/auth/register", body=account).send(http)
        browser = Browser(http)
        await browser.sign_in(name)
        answer = await application.exchange(await application.code(browser)).send(http)
    return PreparedProvider(answer.json()["access_token"], initial_token, registered)
