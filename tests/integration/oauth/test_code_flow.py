"""Sign in with doorward: from the application's link to its tokens, and their claims."""

import jwt
import pytest
from joserfc import jwk
from joserfc import jwt as joserfc_jwt

from tests.integration.oauth.browsers import (
    CALLBACK,
    Application,
    Browser,
    answer_of,
    application,
    forms_of,
    forwarded,
)
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import MakeService, claims_of


async def test_a_sign_in_with_consent_returns_the_users_id_to_the_application(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    sign_in = await browser.get(app.address())
    assert "Sign in" in sign_in.text
    consent = await browser.sign_in(sign_in, person)
    assert "The App" in consent.text
    assert "app.example" in consent.text
    back = forwarded(await browser.send(consent, decision="allow"))
    assert back.startswith(f"{CALLBACK}?code=dwa_")
    assert {name: answer_of(back)[name] for name in ("state", "iss")} == {"state": "the state", "iss": ISSUER}
    answer = await app.exchange(answer_of(back)["code"])
    body = answer.json()
    assert answer.status_code == 200, body
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "email openid profile")
    claims = claims_of(body["id_token"])
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, app.id, person.id)
    assert (claims["nonce"], claims["acr"], claims["amr"]) == ("the nonce", "1", ["pwd"])
    assert jwt.get_unverified_header(body["id_token"])["alg"] == "RS256"
    access = claims_of(body["access_token"])
    assert (access["aud"], access["sid"], access["client_id"]) == (ISSUER, claims["sid"], app.id)
    assert "roles" not in access
    info = await lasting_provider.service.client.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"}
    )
    assert info.json() == {
        "sub": person.id,
        "preferred_username": person.username,
        "email": person.email,
        "email_verified": False,
    }


async def test_a_signed_in_user_who_consented_is_redirected_without_a_page(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    await app.tokens(browser, person)
    again = await browser.get(app.address(state="another"))
    assert again.status_code == 302
    assert answer_of(again.headers["location"])["state"] == "another"
    assert (await browser.get(app.address(prompt="none"))).status_code == 302


async def test_a_code_is_valid_once_and_its_second_use_ends_the_session(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    first = (await app.exchange(code)).json()
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    assert is_oauth_error(await app.refresh(first["refresh_token"]), "invalid_grant")
    (session,) = lasting_provider.service.sessions_of(person)
    assert session["end_reason"] == "reuse"


async def test_a_refresh_keeps_the_claims_of_the_sign_in_and_omits_the_nonce(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    first = await app.tokens(browser, await lasting_provider.service.register())
    answer = await app.refresh(first["refresh_token"])
    assert answer.status_code == 200, answer.text
    before, after = claims_of(first["id_token"]), claims_of(answer.json()["id_token"])
    assert {name: before[name] for name in ("sub", "sid", "auth_time", "acr")} == {
        name: after[name] for name in ("sub", "sid", "auth_time", "acr")
    }
    assert "nonce" not in after
    narrow = (await app.refresh(answer.json()["refresh_token"], scope="email")).json()
    assert (narrow["scope"], "id_token" in narrow) == ("email", False)


async def test_a_denied_consent_returns_access_denied_to_the_application(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    page = await browser.get(app.address())
    consent = await browser.sign_in(page, await lasting_provider.service.register())
    back = answer_of(forwarded(await browser.send(consent, decision="deny")))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "the state", ISSUER)


async def test_response_mode_form_post_returns_the_code_in_a_form(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    consent = await browser.sign_in(await browser.get(app.address(response_mode="form_post")), person)
    page = await browser.send(consent, decision="allow")
    ((action, fields),) = forms_of(page)
    assert action == CALLBACK
    assert set(fields) == {"code", "state", "iss", ""}
    assert "form-action" not in page.headers["content-security-policy"]
    assert (await app.exchange(fields["code"])).status_code == 200


async def test_with_a_path_in_the_public_url_all_endpoints_are_below_it(make_service: MakeService) -> None:
    provider = Provider(await make_service(public_url=f"{ISSUER}/auth"))
    app, browser, person = await application(provider), Browser(provider), await provider.service.register()
    found = (await browser.get("/auth/.well-known/openid-configuration")).json()
    assert found["authorization_endpoint"] == f"{ISSUER}/auth/oauth/authorize"
    page = await browser.get(f"/auth{app.address()}")
    consent = await browser.sign_in(page, person)
    assert consent.url.path == "/auth/account/consent"
    back = answer_of(forwarded(await browser.send(consent, decision="allow")))
    assert back["iss"] == f"{ISSUER}/auth"
    tokens = (await app.exchange(back["code"])).json()
    assert claims_of(tokens["id_token"])["iss"] == f"{ISSUER}/auth"
    await browser.send(await browser.get("/auth/oauth/logout"))
    refused = await browser.get(f"/auth{app.address(prompt='none')}")
    assert answer_of(refused.headers["location"])["error"] == "login_required"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_a_second_implementation_verifies_id_tokens(
    lasting_provider: Provider, browser: Browser, algorithm: str
) -> None:
    app = await application(lasting_provider, id_token_algorithm=algorithm)
    tokens = await app.tokens(browser, await lasting_provider.service.register())
    keys = jwk.KeySet.import_key_set((await browser.get("/oauth/jwks")).json())
    read = joserfc_jwt.decode(tokens["id_token"], keys, algorithms=[algorithm])
    assert (read.header["typ"], read.header["alg"], read.claims["aud"]) == ("JWT", algorithm, app.id)
