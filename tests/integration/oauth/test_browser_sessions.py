"""Browser sessions: their cookies, their limits, and what ends them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from development.client import PASSWORD
from doorward.domain.auth.sessions.browser_session import OF_STAY, OF_VISIT
from tests.integration.oauth.browsers import (
    LOGOUT,
    SIGN_IN,
    Application,
    Browser,
    application,
    is_signed_in,
    signed_in,
)
from tests.integration.oauth.provider import Provider, is_oauth_error
from tests.integration.service import MakeService, claims_of


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    return await application(lasting_provider, post_logout_uris=("https://app.example/bye",))


def cookies_set(answer: httpx.Response) -> dict[str, str]:
    """Return the cookies that a response sets, with their attributes."""
    return dict(line.split("=", 1) for line in answer.headers.get_list("set-cookie"))


class TestCookies:
    async def test_over_https_the_cookies_are_secure_and_for_this_host_only(self, make_service: MakeService) -> None:
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

    async def test_without_stay_signed_in_the_cookie_ends_with_the_browser(
        self, lasting_provider: Provider, browser: Browser
    ) -> None:
        person = await lasting_provider.service.register()
        page = await browser.get(SIGN_IN)
        answer = await browser.send(page, username=person.username, password=PASSWORD, stay="")
        attributes = cookies_set(answer)["doorward_session"]
        assert "Max-Age" not in attributes
        assert "HttpOnly" in attributes
        assert attributes.startswith("dwb_")

    async def test_a_new_sign_in_replaces_the_cookie_and_invalidates_the_old_one(
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
        # The applications' sessions continue, and end with the new session.
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
    async def test_an_invalid_session_cookie_signs_no_user_in(
        self, lasting_provider: Provider, app: Application, cookie: str
    ) -> None:
        forged = Browser(lasting_provider)
        forged.http.headers = httpx.Headers([(b"cookie", f"doorward_session={cookie}".encode())])
        assert not await is_signed_in(forged, app)


class TestLimits:
    @pytest.mark.parametrize(("stay", "limits"), [("", OF_VISIT), ("on", OF_STAY)])
    async def test_a_session_ends_at_its_idle_and_its_absolute_limit(
        self, provider: Provider, stay: str, limits: Any
    ) -> None:
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

    async def test_an_unused_session_ends_at_its_idle_limit(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        await signed_in(browser, provider)
        provider.clock.advance(OF_VISIT.idle)
        assert not await is_signed_in(browser, app)

    async def test_an_applications_session_ends_with_the_browser_session_except_offline_access(
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
    async def test_every_end_of_all_sessions_ends_the_browser_session(self, provider: Provider, end: str) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        own = await provider.service.log_in(person)
        if end == "epoch":
            body = {"which": "others"}
            await provider.service.authorized("POST", "/api/v1/account/sessions/end", own.access, json=body)
        else:
            provider.service.set_active(person, active=False)
        assert not await is_signed_in(browser, app)

    async def test_a_later_sign_in_of_another_user_records_no_second_end_of_a_session(self, provider: Provider) -> None:
        app, browser = await application(provider), Browser(provider)
        person = await signed_in(browser, provider)
        await app.tokens(browser, person)
        own = await provider.service.log_in(person)
        body = {"which": "others"}
        await provider.service.authorized("POST", "/api/v1/account/sessions/end", own.access, json=body)
        await signed_in(browser, provider)
        assert [row["end_reason"] for row in provider.service.sessions_of(person)] == [None, None]
