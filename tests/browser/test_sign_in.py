"""A person signs in with doorward to applications with third-party clients, in Chromium."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk, jwt

from tests.browser.applications import (
    CALLBACK,
    SCOPE,
    VERIFIER,
    App,
    add_app,
    address,
    came_back,
    node_client,
    sign_in,
    window,
)
from tests.browser.inspection import findings_of
from tests.browser.passkeys import PHONE, WITHOUT_AUTOFILL, PasskeySite, add_passkey, sign_in_by_password, tab
from tests.interop.programs import python_package

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_a_person_signs_in_to_an_application_with_openid_client(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home), await home.api.register()
    known = {"issuer": home.url, "client_id": app.client_id, "secret": app.secret, "redirect_uri": CALLBACK}
    begun = await asyncio.to_thread(node_client, "begin", **known)
    async with window(browser) as page:
        await page.goto(begun["address"])
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        callback = await came_back(page)
        done = await asyncio.to_thread(node_client, "finish", **known, **begun, callback=callback)
        seen = (done["sub"], done["username"], done["email"], set(done["scope"].split()))
        assert seen == (person.id, person.username, person.email, set(SCOPE.split()))
        await page.goto(done["bye"])
        await page.get_by_text("You are signed out.").wait_for()


def _authlib(app: App) -> Any:
    client = python_package("authlib.integrations.requests_client")
    session = client.OAuth2Session(
        app.client_id, app.secret, scope=SCOPE, redirect_uri=CALLBACK, code_challenge_method="S256"
    )
    session.trust_env = False
    return session


async def test_a_person_signs_in_to_an_application_with_authlib(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home), await home.api.register()
    metadata = (await home.api.client.get("/.well-known/openid-configuration")).json()
    keys = (await home.api.client.get("/oauth/jwks")).json()
    session = _authlib(app)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="the nonce"
    )
    async with window(browser) as page:
        await page.goto(url)
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        callback = await came_back(page)
    token = await asyncio.to_thread(
        session.fetch_token,
        metadata["token_endpoint"],
        authorization_response=callback,
        code_verifier=VERIFIER,
        state=state,
    )
    claims = jwt.decode(token["id_token"], jwk.KeySet.import_key_set(keys), algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": home.url},
        aud={"essential": True, "value": app.client_id},
        nonce={"essential": True, "value": "the nonce"},
    ).validate(claims)
    info = await asyncio.to_thread(lambda: session.get(metadata["userinfo_endpoint"]).json())
    assert (claims["sub"], info["sub"], info["preferred_username"]) == (person.id, person.id, person.username)


async def test_a_person_signs_in_to_an_application_with_requests_oauthlib(
    home: PasskeySite, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise the library refuses URLs without https.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    app, person = add_app(home, "--auth-method", "client_secret_post"), await home.api.register()
    session = python_package("requests_oauthlib").OAuth2Session(
        app.client_id, redirect_uri=CALLBACK, scope=sorted(SCOPE.split()), pkce="S256"
    )
    session.trust_env = False
    url, _ = session.authorization_url(f"{home.url}/oauth/authorize")
    async with window(browser) as page:
        await page.goto(url)
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        callback = await came_back(page)
    await asyncio.to_thread(
        session.fetch_token,
        f"{home.url}/oauth/token",
        authorization_response=callback,
        client_secret=app.secret,
        include_client_id=True,
    )
    info = await asyncio.to_thread(lambda: session.get(f"{home.url}/oauth/userinfo").json())
    assert (info["sub"], info["email"]) == (person.id, person.email)


async def test_a_person_signs_in_with_a_passkey(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home, "--first-party"), await home.person()
    async with window(browser) as page:
        await page.context.add_init_script(WITHOUT_AUTOFILL)
        device = await tab(page.context, PHONE)
        await sign_in_by_password(device.page, home, person)
        await add_passkey(device.page)
        await device.page.goto(address(home, app, acr_values="phr"))
        await device.page.get_by_role("button", name="Sign in with a passkey").click()
        callback = await came_back(device.page)
    assert "code" in parse_qs(urlsplit(callback).query)


async def test_the_code_is_returned_by_a_form_post(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home), await home.api.register()
    async with window(browser) as page:
        await page.goto(address(home, app, response_mode="form_post"))
        await sign_in(page, person)
        async with page.expect_request(lambda request: request.url == CALLBACK) as sent:
            await page.get_by_role("button", name="Allow").click()
        fields = parse_qs((await sent.value).post_data or "")
        assert (fields["state"], fields["iss"]) == (["the state"], [home.url])
        assert await came_back(page) == CALLBACK


@pytest.mark.parametrize("has_script", [True, False])
async def test_the_flow_works_with_and_without_scripts_and_without_console_messages(
    home: PasskeySite, browser: Browser, *, has_script: bool
) -> None:
    app, person = add_app(home), await home.api.register()
    complaints: list[str] = []
    async with window(browser, java_script_enabled=has_script) as page:
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(address(home, app))
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_label("User name or e-mail address").fill(person.username)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.locator("[role=alert]", has_text="password").wait_for()
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        await came_back(page)
        await page.goto(f"{home.url}/oauth/logout")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_text("You are signed out.").wait_for()
    assert [text for text in complaints if "422" not in text] == []


async def test_going_back_and_expired_forms_do_not_break_the_flow(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home), await home.api.register()
    async with window(browser) as page:
        await page.goto(address(home, app))
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").wait_for()
        await page.context.clear_cookies(name="doorward_session")
        await page.get_by_role("button", name="Allow").click()
        await page.get_by_label("Password").wait_for()
        await sign_in(page, person)
        await page.get_by_role("button", name="Cancel").click()
        assert "error=access_denied" in await came_back(page)
        await page.go_back()
        await page.goto(address(home, app))
        await page.get_by_role("button", name="Allow").click()
        assert "code=dwa_" in await came_back(page)


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_finds_nothing_on_the_pages_of_the_flow(home: PasskeySite, browser: Browser, colours: Any) -> None:
    app, person, found = add_app(home), await home.api.register(), []
    async with window(browser, color_scheme=colours, bypass_csp=True) as page:
        await page.goto(address(home, app))
        found += await findings_of(page)
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").wait_for()
        found += await findings_of(page)
        await page.goto(f"{home.url}/oauth/logout")
        found += await findings_of(page)
        await page.goto(f"{home.url}/oauth/authorize?client_id=unknown")
        found += await findings_of(page)
    assert found == []
