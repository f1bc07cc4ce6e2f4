"""The pages' forms: a form is accepted only from the browser that it was issued to, even with several tabs."""

from datetime import timedelta

import pytest

from development.client import PASSWORD
from tests.integration.oauth.browsers import (
    OWN_SITE,
    SIGN_IN,
    Application,
    Browser,
    answer_of,
    application,
    forms_of,
    forwarded,
    is_signed_in,
    signed_in,
)
from tests.integration.oauth.provider import Provider


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    return await application(lasting_provider, post_logout_uris=("https://app.example/bye",))


class TestForms:
    @pytest.mark.parametrize(
        ("site", "status", "words"),
        [
            ("cross-site", 403, "another site has sent this form"),
            ("same-site", 403, "another site has sent this form"),
            ("none", 422, "Try again"),
        ],
    )
    async def test_a_sign_in_form_of_another_site_is_refused(
        self, lasting_provider: Provider, app: Application, browser: Browser, site: str, status: int, words: str
    ) -> None:
        person = await lasting_provider.service.register()
        page = await browser.get(SIGN_IN)
        _, hidden = forms_of(page)[-1]
        form = {**hidden, "username": person.username, "password": PASSWORD}
        answer = await browser.http.post(SIGN_IN, data=form, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == status
        assert words in answer.text
        assert not await is_signed_in(browser, app)

    async def test_without_fetch_metadata_the_origin_is_checked(
        self, lasting_provider: Provider, browser: Browser
    ) -> None:
        person = await lasting_provider.service.register()
        _, hidden = forms_of(await browser.get(SIGN_IN))[-1]
        form = {**hidden, "username": person.username, "password": PASSWORD, "stay": ""}
        for origin, status in (("https://evil.example", 403), ("null", 422), ("http://localhost:8001", 403)):
            assert (await browser.http.post(SIGN_IN, data=form, headers={"Origin": origin})).status_code == status
        assert (await browser.http.post(SIGN_IN, data=form)).status_code == 422
        own = await browser.http.post(SIGN_IN, data=form, headers={"Origin": "http://localhost:8000"})
        assert own.status_code == 200

    async def test_a_form_token_of_another_browser_is_refused_cve_2026_7507(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        attacker = Browser(lasting_provider)
        person = await lasting_provider.service.register()
        _, hidden = forms_of(await attacker.get(SIGN_IN))[-1]
        await browser.get(SIGN_IN)
        form = {**hidden, "username": person.username, "password": PASSWORD}
        assert (await browser.http.post(SIGN_IN, data=form, headers=OWN_SITE)).status_code == 422
        assert not await is_signed_in(browser, app)

    async def test_another_site_cannot_give_consent(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
        _, hidden = forms_of(page)[-1]
        form = {**hidden, "decision": "allow"}
        answer = await browser.http.post("/account/consent", data=form)
        assert "asks for access" in answer.text
        answer = await browser.http.post("/account/consent", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        answer = await browser.http.post("/account/consent", data={**form, "form_token": "0" * 64}, headers=OWN_SITE)
        assert "asks for access" in answer.text

    async def test_a_consent_form_is_refused_after_another_user_signed_in(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
        await signed_in(browser, lasting_provider)
        assert "asks for access" in (await browser.send(page, decision="allow")).text

    async def test_a_forged_next_address_is_not_redirected_to(
        self, lasting_provider: Provider, browser: Browser
    ) -> None:
        for next_address in (
            "https://evil.example/",
            "//evil.example/oauth/authorize?",
            "/\\evil.example",
            "/oauth/authorize?a=1\\@evil",
            "javascript:alert(1)",
            "/account/passkeys?a=//evil",
            "/account/sign-out",
            "/account/passkeys/../evil",
            "oauth/authorize?",
        ):
            person = await lasting_provider.service.register()
            page = await browser.get(SIGN_IN, next=next_address)
            answer = await browser.send(page, username=person.username, password=PASSWORD, stay="")
            assert "You are signed in." in answer.text
            assert "evil" not in answer.text

    async def test_pages_load_nothing_from_other_sites_and_cannot_be_framed(
        self, app: Application, browser: Browser
    ) -> None:
        page = await browser.get(app.address())
        policy = page.headers["content-security-policy"]
        for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
        assert "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"


class TestPrompts:
    async def test_prompt_login_requires_one_sign_in_for_each_request(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        provider.clock.advance(timedelta(minutes=1))
        page = await browser.get(app.address(prompt="login"))
        assert "Sign in again to go on" in page.text
        page = await browser.sign_in(page, person)
        assert "code" in answer_of(page.headers["location"])
        assert SIGN_IN in str((await browser.get(app.address(prompt="login"))).url)

    async def test_prompt_select_account_offers_the_current_user_or_another_account(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        page = await browser.get(app.address(prompt="select_account"))
        assert f"Go on as {person.username}" in page.text
        same = await browser.get(forwarded(await browser.send(page, decision="same")))
        assert "code" in answer_of(same.headers["location"])
        # A second request shows the page again, and a form of another site chooses no account.
        page = await browser.get(app.address(prompt="select_account"))
        form = {**forms_of(page)[-1][1], "decision": "same", "form_token": "0" * 64}
        assert "Choose an account" in (await browser.http.post("/account/choose", data=form, headers=OWN_SITE)).text
        sign_in = await browser.get(forwarded(await browser.send(page, decision="other")))
        other = await provider.service.register()
        done = await browser.sign_in(sign_in, other)
        assert other.username in done.text
        assert "asks for access" in done.text

    async def test_the_choice_of_an_account_is_valid_only_for_that_account(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        page = await browser.get(app.address(prompt="select_account"))
        chosen = forwarded(await browser.send(page, decision="same"))
        await signed_in(browser, provider)
        assert "Choose an account" in (await browser.get(chosen)).text
        assert "Choose an account" in (await browser.get(app.address(prompt="select_account", chosen="x"))).text

    async def test_an_expired_marker_and_a_marker_of_another_request_are_ignored(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        await signed_in(browser, provider)
        first = await browser.get(app.address(prompt="login"))
        marker = answer_of(forms_of(first)[-1][1]["next"])["asked"]
        for changes in ({"state": "another"}, {"scope": "openid"}):
            assert SIGN_IN in str((await browser.get(app.address(prompt="login", asked=marker, **changes))).url)
        provider.clock.advance(timedelta(hours=2))
        assert SIGN_IN in str((await browser.get(app.address(prompt="login", asked=marker))).url)

    async def test_two_tabs_keep_their_own_state_keycloak_36150(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await lasting_provider.service.register()
        first, second = await browser.get(app.address(state="one")), await browser.get(app.address(state="two"))
        consent = await browser.sign_in(first, person)
        assert answer_of(forwarded(await browser.send(consent, decision="allow")))["state"] == "one"
        done = await browser.sign_in(second, person)
        assert answer_of(done.headers["location"])["state"] == "two"

    async def test_an_authorization_request_by_post_is_repeated_with_cookies(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        await app.tokens(browser, await lasting_provider.service.register())
        answer = await browser.http.post("/oauth/authorize", data=app.parameters(state="a&b"))
        assert answer.status_code == 303
        done = await browser.get(answer.headers["location"])
        assert answer_of(done.headers["location"])["state"] == "a&b"
