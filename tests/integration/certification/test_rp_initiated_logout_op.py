"""The plan RP-Initiated Logout OP: oidcc-rp-initiated-logout-certification-test-plan."""

import base64
import json

import httpx
import pytest
from joserfc import jwk, jwt
from jwt import get_unverified_header

from tests.integration.certification.relying_party import BYE, RelyingParty, Suite
from tests.integration.oauth.browsers import LOGOUT
from tests.integration.service import claims_of

STATE = "of the logout"


@pytest.fixture
async def party(suite: Suite) -> RelyingParty:
    """Return a relying party whose person has signed in."""
    return RelyingParty(suite, await suite.provider.service.register(), suite.app, None)


async def id_token(party: RelyingParty) -> str:
    tokens, _ = await party.sign_in()
    return str(tokens["id_token"])


async def is_redirected_and_signed_out(party: RelyingParty, expected: str, **asked: str) -> None:
    answer = await party.browser.get(LOGOUT, **asked)
    assert (answer.status_code, answer.headers["location"]) == (302, expected)
    assert not await party.is_signed_in()


async def is_not_redirected(party: RelyingParty, **asked: str) -> None:
    """The suite requires an error page or a confirmation page, and no redirect."""
    answer = await party.browser.get(LOGOUT, **asked)
    assert answer.status_code in {200, 400}
    assert "location" not in answer.headers
    assert BYE not in answer.text
    assert await party.is_signed_in()


async def is_signed_out_after_confirmation(party: RelyingParty, **asked: str) -> None:
    await id_token(party)
    page = await party.browser.get(LOGOUT, **asked)
    done: httpx.Response = await party.browser.send(page)
    assert "You are signed out." in done.text
    assert not await party.is_signed_in()


def unsigned(token: str) -> str:
    """Return the ID token with the algorithm none and without a signature."""
    changed = json.dumps({**get_unverified_header(token), "alg": "none"}).encode()
    return f"{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{token.split('.')[1]}."


def signed_by_the_suite(token: str) -> str:
    """Return the ID token with a signature of another key under the provider's key id."""
    return jwt.encode(get_unverified_header(token), claims_of(token), jwk.RSAKey.generate_key(2048), ["RS256"])


async def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    found = (await suite.provider.service.client.get("/.well-known/openid-configuration")).json()
    assert found["end_session_endpoint"].endswith(LOGOUT)


async def test_oidcc_rp_initiated_logout(party: RelyingParty) -> None:
    asked = {"id_token_hint": await id_token(party), "post_logout_redirect_uri": BYE, "state": STATE}
    await is_redirected_and_signed_out(party, f"{BYE}?state=of+the+logout", **asked)


async def test_oidcc_rp_initiated_logout_no_state(party: RelyingParty) -> None:
    asked = {"id_token_hint": await id_token(party), "post_logout_redirect_uri": BYE}
    await is_redirected_and_signed_out(party, BYE, **asked)


async def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(party: RelyingParty) -> None:
    hint = await id_token(party)
    await is_not_redirected(party, id_token_hint=hint, post_logout_redirect_uri="https://app.example/not-registered")


async def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(party: RelyingParty) -> None:
    hint = await id_token(party)
    await is_not_redirected(party, id_token_hint=hint, post_logout_redirect_uri=f"{BYE}?foo=bar", state=STATE)


async def test_oidcc_rp_initiated_logout_modified_id_token_hint(party: RelyingParty) -> None:
    hint = unsigned(await id_token(party))
    await is_not_redirected(party, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)


async def test_oidcc_rp_initiated_logout_bad_id_token_hint(party: RelyingParty) -> None:
    hint = signed_by_the_suite(await id_token(party))
    await is_not_redirected(party, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)


async def test_oidcc_rp_initiated_logout_no_id_token_hint(party: RelyingParty) -> None:
    await id_token(party)
    await is_not_redirected(party, post_logout_redirect_uri=BYE, state=STATE)


async def test_oidcc_rp_initiated_logout_no_params(party: RelyingParty) -> None:
    await is_signed_out_after_confirmation(party)


async def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(party: RelyingParty) -> None:
    hint = await id_token(party)
    answer = await party.browser.get(LOGOUT, id_token_hint=hint, state=STATE)
    assert "You are signed out." in answer.text
    assert not await party.is_signed_in()


async def test_oidcc_rp_initiated_logout_only_state(party: RelyingParty) -> None:
    await is_signed_out_after_confirmation(party, state=STATE)
