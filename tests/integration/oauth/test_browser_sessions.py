"""The session of a browser: its cookies, its limits, its forms, and what ends with it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from development.client import PASSWORD, Person
from doorward.domain.auth.browser_session import OF_STAY, OF_VISIT
from tests.integration.oauth.browsers import (
    CALLBACK,
    OWN_SITE,
    Application,
    Browser,
    answer_of,
    application,
    forms_of,
    forwarded,
)
from tests.integration.oauth.provider import Provider, claims_of, is_oauth_error
from tests.integration.service import MakeService

LOGOUT = "/oauth/logout"
SIGN_IN = "/account/sign-in"


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    return await application(lasting_provider, post_logout_uris=("https://app.example/bye",))


@pytest.fixture
def browser(lasting_provider: Provider) -> Browser:
    return Browser(lasting_provider)


async def is_signed_in(browser: Browser, app: Application) -> bool:
    answer = await browser.get(app.address(prompt="none"))
    return answer_of(answer.headers["location"]).get("error") != "login_required"


async def signed_in(browser: Browser, provider: Provider, **fields: str) -> Person:
    person = await provider.service.register()
    page = await browser.get(SIGN_IN)
    filled = {"username": person.username, "password": PASSWORD, "stay": "", **fields}
    answer = await browser.send(page, **filled)
    assert "You are signed in." in answer.text
    return person


def cookies_set(answer: httpx.Response) -> dict[str, str]:
    """Return the cookies that an answer sets, with their attributes."""
    return dict(line.split("=", 1) for line in answer.headers.get_list("set-cookie"))


class TestCookies:
    async def test_by_https_they_are_for_this_host_alone(self, make_service: MakeService) -> None:
        provider = Provider(await make_service(public_url="https://auth.example.com"))
        browser = Browser(provider)
        browser.http.base_url = httpx.URL("https://auth.example.com")
        person = await provider.service.register()
        page = await browser.get(SIGN_IN)
        answer = await browser.send(page, username=person.username, password=PASSWORD, stay="on")
        set_there = {**cookies_set(page), **cookies_set(answer)}
        assert set(set_there) == {"__Host-doorward_browser", "__Host-doorward_session", "__Host-doorward_device"}
        for attributes in set_there.values():
            assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(attributes.split("; "))
            assert "Domain" not in attributes
        assert f"Max-Age={int(OF_STAY.absolute.total_seconds())}" in set_there["__Host-doorward_session"]

    async def test_without_staying_signed_in_the_cookie_goes_with_the_browser(
        self, lasting_provider: Provider, browser: Browser
    ) -> None:
        person = await lasting_provider.service.register()
        page = await browser.get(SIGN_IN)
        answer = await browser.send(page, username=person.username, password=PASSWORD, stay="")
        attributes = cookies_set(answer)["doorward_session"]
        assert "Max-Age" not in attributes
        assert "HttpOnly" in attributes
        assert attributes.startswith("dwb_")

    async def test_who_signs_in_again_has_another_id_and_the_old_cookie_is_dead(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await signed_in(browser, lasting_provider)
        tokens = await app.tokens(browser, person)
        old = browser.http.cookies["doorward_session"]
        await browser.send(await browser.get(SIGN_IN), username=person.username, password=PASSWORD, stay="")
        assert browser.http.cookies["doorward_session"] != old
        assert await is_signed_in(browser, app)
        thief = Browser(lasting_provider, Cookie=f"doorward_session={old}")
        assert not await is_signed_in(thief, app)
        # The applications go on, and end with the new session.
        second = (await app.refresh(tokens["refresh_token"])).json()
        await browser.send(await browser.get(LOGOUT))
        assert is_oauth_error(await app.refresh(second["refresh_token"]), "invalid_grant")

    async def test_session_ids_are_never_reused_cve_2025_12390(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await signed_in(browser, lasting_provider)
        first = claims_of((await app.tokens(browser, person))["id_token"])["sid"]
        await browser.send(await browser.get(LOGOUT))
        await browser.send(await browser.get(SIGN_IN), username=person.username, password=PASSWORD, stay="")
        assert claims_of((await app.tokens(browser, person))["id_token"])["sid"] != first

    @pytest.mark.parametrize("cookie", ["", "x", "dwb_" + "A" * 108, "dwr_" + "A" * 108, "\u00e9"])
    async def test_what_is_no_cookie_of_a_session_is_nobody(
        self, lasting_provider: Provider, app: Application, cookie: str
    ) -> None:
        forged = Browser(lasting_provider)
        forged.http.headers = httpx.Headers([(b"cookie", f"doorward_session={cookie}".encode())])
        assert not await is_signed_in(forged, app)


class TestLimits:
    @pytest.mark.parametrize(("stay", "limits"), [("", OF_VISIT), ("on", OF_STAY)])
    async def test_it_ends_when_it_is_not_used_and_at_last(self, provider: Provider, stay: str, limits: Any) -> None:
        app, browser = await application(provider), Browser(provider)
        await signed_in(browser, provider, stay=stay)
        provider.clock.advance(limits.idle - timedelta(minutes=1))
        assert await is_signed_in(browser, app)
        passed = limits.idle - timedelta(minutes=1)
        while passed + limits.idle < limits.absolute:
            provider.clock.advance(limits.idle - timedelta(minutes=1))
            passed += limits.idle - timedelta(minutes=1)
            assert await is_signed_in(browser, app)
        provider.clock.advance(limits.absolute - passed)
        assert not await is_signed_in(browser, app)

    async def test_unused_it_ends(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        await signed_in(browser, provider)
        provider.clock.advance(OF_VISIT.idle)
        assert not await is_signed_in(browser, app)

    async def test_an_applications_session_ends_with_it_at_last_and_offline_access_does_not(
        self, provider: Provider
    ) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        await app.tokens(browser, person, scope="openid offline_access")
        lives = {row["is_offline"]: row for row in provider.service.sessions_of(person)}
        assert lives[False]["session_expires_at"] == provider.clock.now() + OF_VISIT.absolute
        assert lives[True]["session_expires_at"] > lives[False]["session_expires_at"]

    @pytest.mark.parametrize("end", ["epoch", "command"])
    async def test_whatever_ends_all_sessions_ends_it(self, provider: Provider, end: str) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        own = await provider.service.log_in(person)
        if end == "epoch":
            body = {"which": "others"}
            await provider.service.authorized("POST", "/api/v1/account/sessions/end", own.access, json=body)
        else:
            provider.service.set_active(person, active=False)
        assert not await is_signed_in(browser, app)


class TestForms:
    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    async def test_a_form_of_another_site_signs_nobody_in(
        self, lasting_provider: Provider, app: Application, browser: Browser, site: str
    ) -> None:
        person = await lasting_provider.service.register()
        page = await browser.get(SIGN_IN)
        _, hidden = forms_of(page)[-1]
        form = {**hidden, "username": person.username, "password": PASSWORD}
        answer = await browser.http.post(SIGN_IN, data=form, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 422
        assert "Try again" in answer.text
        assert not await is_signed_in(browser, app)

    async def test_without_fetch_metadata_the_origin_counts(self, lasting_provider: Provider, browser: Browser) -> None:
        person = await lasting_provider.service.register()
        _, hidden = forms_of(await browser.get(SIGN_IN))[-1]
        form = {**hidden, "username": person.username, "password": PASSWORD, "stay": ""}
        for origin in ("https://evil.example", "null", "http://localhost:8001"):
            assert (await browser.http.post(SIGN_IN, data=form, headers={"Origin": origin})).status_code == 422
        assert (await browser.http.post(SIGN_IN, data=form)).status_code == 422
        own = await browser.http.post(SIGN_IN, data=form, headers={"Origin": "http://localhost:8000"})
        assert own.status_code == 200

    async def test_the_value_of_another_browser_is_refused_cve_2026_7507(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        attacker = Browser(lasting_provider)
        person = await lasting_provider.service.register()
        _, hidden = forms_of(await attacker.get(SIGN_IN))[-1]
        await browser.get(SIGN_IN)
        form = {**hidden, "username": person.username, "password": PASSWORD}
        assert (await browser.http.post(SIGN_IN, data=form, headers=OWN_SITE)).status_code == 422
        assert not await is_signed_in(browser, app)

    async def test_consent_cannot_be_given_by_another_site(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
        _, hidden = forms_of(page)[-1]
        form = {**hidden, "decision": "allow"}
        for more in ({}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await browser.http.post("/account/consent", data=form, headers=more)
            assert "asks for access" in answer.text
        answer = await browser.http.post("/account/consent", data={**form, "form_token": "0" * 64}, headers=OWN_SITE)
        assert "asks for access" in answer.text

    async def test_a_form_of_before_another_user_signed_in_agrees_to_nothing(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
        await signed_in(browser, lasting_provider)
        assert "asks for access" in (await browser.send(page, decision="allow")).text

    async def test_a_forged_next_leads_nowhere(self, lasting_provider: Provider, browser: Browser) -> None:
        for next_address in (
            "https://evil.example/",
            "//evil.example/oauth/authorize?",
            "/\\evil.example",
            "/oauth/authorize?a=1\\@evil",
            "javascript:alert(1)",
            "/account/passkeys",
            "oauth/authorize?",
        ):
            person = await lasting_provider.service.register()
            page = await browser.get(SIGN_IN, next=next_address)
            answer = await browser.send(page, username=person.username, password=PASSWORD, stay="")
            assert "You are signed in." in answer.text
            assert "evil" not in answer.text

    async def test_pages_load_nothing_from_elsewhere_and_are_in_no_frame(
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
    async def test_a_login_that_is_asked_for_happens_once_and_leaving_the_note_out_asks_again(
        self, provider: Provider
    ) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        provider.clock.advance(timedelta(minutes=1))
        page = await browser.get(app.address(prompt="login"))
        assert "asks you to sign in again" in page.text
        page = await browser.sign_in(page, person)
        assert "code" in answer_of(page.headers["location"])
        assert SIGN_IN in str((await browser.get(app.address(prompt="login"))).url)

    async def test_an_old_note_of_another_request_counts_for_nothing(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        await signed_in(browser, provider)
        first = await browser.get(app.address(prompt="login"))
        note = answer_of(forms_of(first)[-1][1]["next"])["asked"]
        for changes in ({"state": "another"}, {"scope": "openid"}):
            assert SIGN_IN in str((await browser.get(app.address(prompt="login", asked=note, **changes))).url)
        provider.clock.advance(timedelta(hours=2))
        assert SIGN_IN in str((await browser.get(app.address(prompt="login", asked=note))).url)

    async def test_two_tabs_keep_their_own_state_keycloak_36150(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await lasting_provider.service.register()
        first, second = await browser.get(app.address(state="one")), await browser.get(app.address(state="two"))
        consent = await browser.sign_in(first, person)
        assert answer_of(forwarded(await browser.send(consent, decision="allow")))["state"] == "one"
        done = await browser.sign_in(second, person)
        assert answer_of(done.headers["location"])["state"] == "two"

    async def test_a_request_by_form_comes_again_with_cookies(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        await app.tokens(browser, await lasting_provider.service.register())
        answer = await browser.http.post("/oauth/authorize", data=app.parameters(state="a&b"))
        assert answer.status_code == 303
        done = await browser.get(answer.headers["location"])
        assert answer_of(done.headers["location"])["state"] == "a&b"


class TestLogout:
    async def test_it_asks_and_ends_the_sessions_of_applications_but_offline_ones(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await signed_in(browser, lasting_provider)
        online = await app.tokens(browser, person)
        offline = await app.tokens(browser, person, scope="openid offline_access")
        page = await browser.get(LOGOUT)
        assert "Sign out?" in page.text
        assert await is_signed_in(browser, app)
        assert "You are signed out." in (await browser.send(page)).text
        assert not await is_signed_in(browser, app)
        assert is_oauth_error(await app.refresh(online["refresh_token"]), "invalid_grant")
        assert (await app.refresh(offline["refresh_token"])).status_code == 200

    async def test_an_application_that_knows_who_it_is_signs_out_at_once(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        person = await signed_in(browser, lasting_provider)
        tokens = await app.tokens(browser, person)
        answer = await browser.get(
            LOGOUT,
            id_token_hint=tokens["id_token"],
            post_logout_redirect_uri="https://app.example/bye",
            state="the state",
        )
        assert (answer.status_code, answer.headers["location"]) == (302, "https://app.example/bye?state=the+state")
        assert not await is_signed_in(browser, app)

    async def test_an_expired_hint_counts_and_that_of_another_user_asks(self, provider: Provider) -> None:
        app = await application(provider)
        browser, other = Browser(provider), Browser(provider)
        tokens = await app.tokens(browser, await signed_in(browser, provider))
        await signed_in(other, provider)
        provider.clock.advance(timedelta(hours=1))
        assert "Sign out?" in (await other.get(LOGOUT, id_token_hint=tokens["id_token"])).text
        assert await is_signed_in(other, app)
        assert "You are signed out." in (await browser.get(LOGOUT, id_token_hint=tokens["id_token"])).text

    async def test_a_wrong_request_ends_nothing_and_leads_nowhere(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        tokens = await app.tokens(browser, await signed_in(browser, lasting_provider))
        hint, bye = tokens["id_token"], "https://app.example/bye"
        for asked in (
            {"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"},
            {"id_token_hint": hint, "post_logout_redirect_uri": CALLBACK},
            {"id_token_hint": hint, "client_id": "dwc_another"},
            {"id_token_hint": hint[:-4] + "AAAA"},
            {"id_token_hint": tokens["access_token"]},
            {"post_logout_redirect_uri": bye},
            {"client_id": "dwc_made-up", "post_logout_redirect_uri": bye},
        ):
            answer = await browser.get(LOGOUT, **asked)
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert "evil" not in answer.text
        assert await is_signed_in(browser, app)

    async def test_a_form_of_another_site_only_leads_to_the_question(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        await signed_in(browser, lasting_provider)
        answer = await browser.http.post(LOGOUT, data={"client_id": app.id, "state": "s"})
        assert answer.status_code == 303
        assert "Sign out?" in (await browser.get(answer.headers["location"])).text
        assert await is_signed_in(browser, app)

    async def test_a_logout_while_codes_are_redeemed_leaves_no_session(
        self, lasting_provider: Provider, app: Application
    ) -> None:
        for _ in range(10):
            browser = Browser(lasting_provider)
            person = await signed_in(browser, lasting_provider)
            code = await app.code(browser, person)
            page = await browser.get(LOGOUT)
            await asyncio.gather(app.exchange(code), browser.send(page))
            assert [row for row in lasting_provider.service.sessions_of(person) if row["ended_at"] is None] == []
