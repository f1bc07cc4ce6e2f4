"""Devices without a browser (RFC 8628): the responses while they wait, and the user's decision."""

import asyncio
from datetime import timedelta

import pytest

from doorward.domain.oauth.device_models import DEVICE_CODE_LIFETIME
from doorward.domain.oauth.expiry import CodeExpiry
from tests.integration.oauth.browsers import Application, Browser, application, signed_in
from tests.integration.oauth.devices import DEVICE, GRANTS, INTERVAL, ask, begin, decide, enter, poll
from tests.integration.oauth.provider import ISSUER, TOKEN, Provider, is_oauth_error
from tests.integration.service import Logs, claims_of, events, statuses


@pytest.fixture
def provider(provider_of_devices: Provider) -> Provider:
    return provider_of_devices


@pytest.fixture
async def tv(provider: Provider) -> Application:
    return await application(provider, name="The TV", auth_method="none", grant_types=GRANTS, redirect_uris=())


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(provider)


async def test_a_user_signs_in_to_a_device(provider: Provider, tv: Application, browser: Browser, logs: Logs) -> None:
    answer = await ask(tv, scope="openid profile offline_access unknown")
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert set(shown) == {
        *("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval")
    }
    assert (shown["expires_in"], shown["interval"]) == (600, 5)
    assert shown["verification_uri"] == f"{ISSUER}{DEVICE}"
    assert shown["verification_uri_complete"] == f"{ISSUER}{DEVICE}?user_code={shown['user_code']}"
    assert is_oauth_error(await poll(tv, shown["device_code"]), "authorization_pending")
    person = await provider.service.register()
    page = await browser.get(shown["verification_uri_complete"].removeprefix(ISSUER))
    assert "/account/sign-in" in str(page.url)
    page = await browser.sign_in(page, person)
    assert f'value="{shown["user_code"]}"' in page.text
    page = await browser.send(page)
    assert page.status_code == 200
    for text in ("The TV", shown["user_code"], person.username, "Know that it is you"):
        assert text in page.text
    provider.clock.advance(INTERVAL)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "authorization_pending")
    assert "The device is signed in." in (await browser.send(page, decision="allow")).text
    provider.clock.advance(INTERVAL)
    tokens = (await poll(tv, shown["device_code"])).json()
    assert tokens["scope"] == "offline_access openid profile"
    identity, access = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
    assert (identity["sub"], identity["aud"], identity["amr"]) == (person.id, tv.id, ["pwd"])
    assert identity["sid"] == access["sid"]
    assert access["client_id"] == tv.id
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    info = await provider.service.client.get("/oauth/userinfo", headers=headers)
    assert info.json() == {"sub": person.id, "preferred_username": person.username}
    form = {"client_id": tv.id, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await provider.post(TOKEN, form)).status_code == 200
    assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")
    for name in ("device.authorization_begun", "device.answered", "device.code_redeemed"):
        assert [line["client_id"] for line in events(logs, name)] == [tv.id]


async def test_a_code_is_found_in_any_spelling_and_its_page_changes_nothing_before_approval(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    shown = await begin(tv)
    (before,) = provider.sql("SELECT * FROM oauth_devices WHERE client_id = %s", tv.id)
    page = await browser.get(DEVICE, user_code=shown["user_code"])
    assert "The TV" not in page.text
    assert "The TV" in (await enter(browser, f" {shown['user_code'].lower().replace('-', ' ')} ")).text
    assert provider.sql("SELECT * FROM oauth_devices WHERE client_id = %s", tv.id) == [before]
    assert shown["user_code"].replace("-", "").encode() not in bytes(before["user_code_hmac"])


async def test_a_denied_request_answers_the_device_access_denied(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    shown = await begin(tv)
    assert "not signed in" in (await decide(browser, shown["user_code"], "deny")).text
    assert is_oauth_error(await poll(tv, shown["device_code"]), "access_denied")
    provider.clock.advance(INTERVAL)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "access_denied")
    assert "No device shows this code" in (await enter(browser, shown["user_code"])).text


async def test_an_early_poll_adds_five_seconds_and_does_not_restart_the_interval(
    provider: Provider, tv: Application
) -> None:
    code = (await begin(tv))["device_code"]
    assert is_oauth_error(await poll(tv, code), "authorization_pending")
    provider.clock.advance(INTERVAL - timedelta(seconds=1))
    assert is_oauth_error(await poll(tv, code), "slow_down")
    provider.clock.advance(timedelta(seconds=5))
    assert is_oauth_error(await poll(tv, code), "slow_down")
    # 15 seconds after the first poll, regardless of the number of early polls.
    provider.clock.advance(timedelta(seconds=6))
    assert is_oauth_error(await poll(tv, code), "authorization_pending")
    assert is_oauth_error(await poll(tv, code), "slow_down")


async def test_a_device_request_expires_after_ten_minutes(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    early, late = await begin(tv), await begin(tv)
    provider.clock.advance(DEVICE_CODE_LIFETIME - timedelta(seconds=1))
    assert "is signed in" in (await decide(browser, early["user_code"])).text
    page = await enter(browser, late["user_code"])
    provider.clock.advance(timedelta(seconds=1))
    for shown in (early, late):
        assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")
    assert "does not wait any more" in (await browser.send(page, decision="allow")).text
    assert "No device shows this code" in (await enter(browser, late["user_code"])).text
    await CodeExpiry(database=provider.service.database, clock=provider.clock, rows_per_batch=1).prune()
    assert provider.sql("SELECT id FROM oauth_devices WHERE client_id = %s", tv.id) == []
    assert is_oauth_error(await poll(tv, late["device_code"]), "expired_token")


async def test_one_of_ten_concurrent_redemptions_gets_tokens(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    person = await signed_in(browser, provider)
    shown = await begin(tv)
    await decide(browser, shown["user_code"])
    provider.sql("UPDATE oauth_devices SET interval_seconds = 0 WHERE client_id = %s", tv.id)
    answers = await asyncio.gather(*(poll(tv, shown["device_code"]) for _ in range(10)))
    assert statuses(answers) == [200] + [400] * 9
    sessions = provider.sql("SELECT id FROM sessions WHERE user_id = %s AND client_id = %s", person.id, tv.id)
    assert len(sessions) == 1


async def test_exactly_one_of_several_concurrent_decisions_about_a_device_is_stored(
    provider: Provider, tv: Application
) -> None:
    shown = await begin(tv)
    browsers = [Browser(provider) for _ in range(4)]
    for each in browsers:
        await signed_in(each, provider)
    pages = [await enter(each, shown["user_code"]) for each in browsers]
    decisions = ("allow", "deny", "allow", "deny")
    answers = await asyncio.gather(
        *(each.send(page, decision=word) for each, page, word in zip(browsers, pages, decisions, strict=True))
    )
    assert statuses(answers) == [200, 422, 422, 422]
