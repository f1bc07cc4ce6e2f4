"""The plan Back-Channel Logout OP: oidcc-backchannel-rp-initiated-logout-certification-test-plan."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from joserfc import jwk
from joserfc import jwt as jose

from tests.integration.certification.relying_party import BYE, Suite
from tests.integration.oauth.browsers import LOGOUT, Browser, signed_in
from tests.integration.oauth.logout_deliveries import LogoutDelivery, LogoutProvider, run_logout_provider, token_of
from tests.integration.oauth.provider import ISSUER
from tests.integration.service import claims_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
async def logout_provider(make_database: Any, secret_key: str) -> AsyncIterator[LogoutProvider]:
    async with run_logout_provider(make_database(migrated=True), secret_key) as running:
        yield running


@pytest.fixture
async def logouts(logout_provider: LogoutProvider) -> AsyncIterator[LogoutDelivery]:
    async with logout_provider.run_receiver() as server:
        yield server


async def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite: Suite) -> None:
    found = (await suite.provider.service.client.get("/.well-known/openid-configuration")).json()
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True
    assert found["end_session_endpoint"].startswith(f"{ISSUER}/")


async def test_oidcc_backchannel_rp_initiated_logout(logouts: LogoutDelivery) -> None:
    """The application redirects the browser to sign out, and its server gets a valid logout token for that session."""
    browser = Browser(logouts.provider)
    app = await logouts.app(post_logout_uris=(BYE,))
    person = await signed_in(browser, logouts.provider)
    id_token = (await app.tokens(browser, person))["id_token"]
    back = await browser.get(LOGOUT, id_token_hint=id_token, post_logout_redirect_uri=BYE, state="of the logout")
    assert (back.status_code, back.headers["location"]) == (302, f"{BYE}?state=of+the+logout")
    assert len(await logouts.deliver()) == 1
    (got,) = logouts.receiver.got
    token = token_of(got.body)
    answer: httpx.Response = await logouts.provider.service.client.get("/oauth/jwks")
    logout = jose.decode(token, jwk.KeySet.import_key_set(answer.json()), ["RS256"])
    signed_in_as = claims_of(id_token)
    assert logout.header["typ"] == "logout+jwt"
    assert logout.header["alg"] == jwt.get_unverified_header(id_token)["alg"]
    assert {name: logout.claims[name] for name in ("iss", "sub", "aud", "sid")} == {
        name: signed_in_as[name] for name in ("iss", "sub", "aud", "sid")
    }
    assert logout.claims["events"] == {EVENT: {}}
    assert logout.claims["jti"]
    assert logout.claims["exp"] > logout.claims["iat"]
    assert "nonce" not in logout.claims
