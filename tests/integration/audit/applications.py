"""Consent to an application and its withdrawal, by the use cases, without a provider."""

from typing import Any

from development.client import ACCOUNT, PASSWORD
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import BrowserSessions
from doorward.domain.auth.tokens.opaque_token import OpaqueTokenCodec, RowTokenCodec
from doorward.domain.oauth.application_lookups import ApplicationLookups
from doorward.domain.oauth.authorization import Authorization, AuthorizationSources, RequestParameters
from doorward.domain.oauth.authorization_request import AuthorizationRequest
from doorward.domain.oauth.described_clients import DescribedClients
from doorward.domain.oauth.pkce import challenge_of
from doorward.domain.oauth.pushed_requests import PushedRequests
from doorward.domain.oauth.sign_in_notes import SignInNotes
from doorward.domain.oauth.token_policy import Audiences
from doorward.infrastructure.id_tokens import IdTokens
from doorward.infrastructure.key_ring import FixedKeyRing, KeyRing
from doorward.infrastructure.postgres.batching import SharedQuery
from doorward.wiring.auth import create_browser_codec
from tests.integration.oauth.clients import Oauth
from tests.integration.service import Service

ISSUER = "https://auth.example.com"
CALLBACK = "https://app.example.com/callback"
KEY = b"k" * 64


async def use_an_application(service: Service) -> None:
    """Make both changes."""
    person, tokens = await service.register_and_log_in()
    content: dict[str, Any] = {
        "grant_types": ("authorization_code",),
        "scopes": ("openid",),
        "redirect_uris": (CALLBACK,),
    }
    client, _ = await Oauth(service, service.app.state.services.oauth).client(**content)
    signed_in = await service.app.state.services.login.sign_in(
        name=person.username, password=PASSWORD, stay=BrowserStay(), trusts_device=True
    )
    codec = create_browser_codec(service.settings.keys)
    browsers = BrowserSessions(
        database=service.database,
        batching=SharedQuery,
        clock=service.clock,
        codec=codec,
        address_detail="full",
    )
    session = await browsers.find(signed_in.cookie)
    assert session is not None
    authorization = _authorization(service)
    asked = {
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "code_challenge": challenge_of("v" * 43),
        "code_challenge_method": "S256",
    }
    request = await authorization.read(RequestParameters(asked))
    assert isinstance(request, AuthorizationRequest)
    assert await authorization.agree(request, session)
    path = f"{ACCOUNT}/applications/{client.client_id}"
    assert (await service.authorized("DELETE", path, tokens.access)).status_code == 204
    await browsers.end(signed_in.cookie)


def _authorization(service: Service) -> Authorization:
    audiences, codec = Audiences(issuer=ISSUER, own="doorward"), RowTokenCodec("dwp_", KEY)
    pushed = PushedRequests(database=service.database, clock=service.clock, codec=codec, audiences=audiences)
    applications = ApplicationLookups(
        database=service.database, batching=SharedQuery, clock=service.clock, described=DescribedClients(None)
    )
    return Authorization(
        database=service.database,
        batching=SharedQuery,
        clock=service.clock,
        codec=OpaqueTokenCodec("dwa_", KEY),
        notes=SignInNotes(KEY),
        hints=IdTokens(FixedKeyRing(KeyRing()), ISSUER),
        audiences=audiences,
        sources=AuthorizationSources(pushed, applications),
    )
