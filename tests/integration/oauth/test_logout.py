"""RP-initiated logout: applications send browsers to sign out."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from tests.integration.oauth.browsers import (
    CALLBACK,
    LOGOUT,
    Application,
    Browser,
    application,
    is_signed_in,
    signed_in,
)
from tests.integration.oauth.provider import Provider, is_oauth_error


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    return await application(lasting_provider, post_logout_uris=("https://app.example/bye",))


class TestLogout:
    async def test_a_confirmed_logout_ends_the_sessions_of_applications_except_offline_ones(
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
        recorded = lasting_provider.sql(
            "SELECT session_id, data->>'reason' AS reason, personal->>'client' AS client FROM audit_events"
            " WHERE type = 'session.ended' AND user_id = %s",
            person.id,
        )
        assert {(row["reason"], row["client"]) for row in recorded} == {("logout", "203.0.113.7")}
        # One event for the browser session, one for the application's session.
        assert len({row["session_id"] for row in recorded} - {None}) == len(recorded) == 2

    async def test_a_logout_with_an_id_token_needs_no_confirmation(
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

    async def test_an_expired_hint_is_accepted_and_a_hint_of_another_user_requires_confirmation(
        self, provider: Provider
    ) -> None:
        app = await application(provider)
        browser, other = Browser(provider), Browser(provider)
        tokens = await app.tokens(browser, await signed_in(browser, provider))
        await signed_in(other, provider)
        provider.clock.advance(timedelta(hours=1))
        assert "Sign out?" in (await other.get(LOGOUT, id_token_hint=tokens["id_token"])).text
        assert await is_signed_in(other, app)
        assert "You are signed out." in (await browser.get(LOGOUT, id_token_hint=tokens["id_token"])).text

    async def test_an_invalid_logout_request_ends_no_session_and_is_not_redirected(
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

    async def test_a_logout_form_of_another_site_only_shows_the_confirmation(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        await signed_in(browser, lasting_provider)
        answer = await browser.http.post(LOGOUT, data={"client_id": app.id, "state": "s"})
        assert answer.status_code == 303
        assert "Sign out?" in (await browser.get(answer.headers["location"])).text
        assert await is_signed_in(browser, app)

    async def test_a_logout_during_the_redemption_of_a_code_leaves_no_session(
        self, lasting_provider: Provider, app: Application, browser: Browser
    ) -> None:
        service, person = lasting_provider.service, await signed_in(browser, lasting_provider)
        code, page = await app.code(browser, person), await browser.get(LOGOUT)
        with psycopg.connect(service.database_url) as blocker:
            # The session is stored and its event waits for the lock: no other transaction sees it yet.
            blocker.execute("LOCK TABLE audit_events IN SHARE ROW EXCLUSIVE MODE")
            exchange = asyncio.create_task(app.exchange(code))
            await service.locks_are_waited_for(1)
            logout = asyncio.create_task(browser.send(page))
            await service.locks_are_waited_for(2)
            blocker.rollback()
            assert (await exchange).status_code == 200
            assert (await logout).status_code == 200
        (session,) = service.sessions_of(person)
        assert session["end_reason"] == "logout"
