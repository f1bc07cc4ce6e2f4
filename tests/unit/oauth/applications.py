"""An application and its request parameters, for the unit tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization_request import (
    AuthorizationRequest,
    RefusedAuthorization,
    read_authorization,
)
from doorward.domain.oauth.models import OAuthClient, ResourceContent
from doorward.domain.oauth.pkce import challenge_of
from doorward.domain.oauth.token_policy import Audiences

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUER: Final = "https://auth.example"
ORDERS: Final = "https://orders.example"
CALLBACK: Final = "https://app.example/callback"
VERIFIER: Final = "v" * 43
AUDIENCES: Final = Audiences(issuer=ISSUER, own="doorward")
RESOURCE: Final = ResourceContent(ORDERS, ("orders:read",))
USER_ID: Final = UUID(int=7)
APP: Final = OAuthClient(
    client_id="dwc_made-up",
    name="App",
    auth_method="client_secret_basic",
    grant_types=("authorization_code", "refresh_token"),
    scopes=("email", "items:read", "offline_access", "openid", "orders:read", "profile"),
    resources=(ORDERS,),
    redirect_uris=(CALLBACK, "http://127.0.0.1/callback"),
    post_logout_uris=(),
    id_token_algorithm="RS256",
    requires_pkce=True,
    requires_pushed_requests=False,
    backchannel_logout_uri=None,
    is_first_party=False,
    version=1,
    created_at=NOW,
    updated_at=NOW,
    not_before=NOW,
    disabled_at=None,
)
ASKED: Final = {
    "client_id": APP.client_id,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "the state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


def parameters(**changes: Any) -> dict[str, str]:
    """Return the parameters of a valid request with these changes; None omits one."""
    return {name: value for name, value in {**ASKED, **changes}.items() if value is not None}


def read(
    client: OAuthClient | None = APP, repeated: tuple[str, ...] = (), **changes: Any
) -> AuthorizationRequest | RefusedAuthorization:
    return read_authorization(parameters(**changes), repeated, client, RESOURCE, AUDIENCES)


def request_for(client: OAuthClient = APP, **changes: Any) -> AuthorizationRequest:
    request = read(client, **changes)
    assert isinstance(request, AuthorizationRequest), request
    return request


def session(**changes: Any) -> BrowserSession:
    made = BrowserSession(
        id=UUID(int=1),
        user_id=USER_ID,
        epoch=0,
        username="ada",
        email="ada@example.com",
        is_verified=True,
        amr=("pwd",),
        acr=1,
        authenticated_at=NOW,
        is_kept=False,
        seen_at=NOW,
        ends_at=NOW.replace(year=2027),
        has_second_factor=False,
        has_roles=False,
    )
    return replace(made, **changes)
