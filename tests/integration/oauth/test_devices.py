"""Devices without a browser (RFC 8628): what they are told while they wait, and which decision lets them in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.domain.oauth.device_models import DEVICE_LIFE
from doorward.domain.oauth.expiry import CodeExpiry
from doorward.domain.oauth.user_code import LETTERS
from doorward.infrastructure.limits.limiter import CallLimiter
from tests.integration.oauth.browsers import LOGOUT, Application, Browser, application, forms_of, forwarded, signed_in
from tests.integration.oauth.clients import OPERATOR, any_version
from tests.integration.oauth.provider import ISSUER, TOKEN, Provider, claims_of, is_oauth_error
from tests.integration.service import FakeClock, Logs, Parts, events, run_service, settings_of_the_ring, statuses

DEVICE = "/account/device"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (GRANT, "refresh_token")
INTERVAL = timedelta(seconds=5)


@pytest.fixture(scope="module")
async def provider_of_devices(make_database: Any, secret_key: str) -> AsyncIterator[Provider]:
    """A service of its own, because devices wait: the tests move its clock forwards."""
    changes = {"public_url": ISSUER, "background": "off"}
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
    parts = Parts(limiter=CallLimiter({"user_code": settings.limits.rate_limit_user_code}))
    async with run_service(settings, FakeClock(), parts) as service:
        yield Provider(service)


@pytest.fixture
def provider(provider_of_devices: Provider) -> Provider:
    return provider_of_devices


@pytest.fixture
async def tv(provider: Provider) -> Application:
    return await application(provider, name="The TV", auth_method="none", grant_types=GRANTS, redirect_uris=())


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(provider)


async def ask(tv: Application, **form: str) -> httpx.Response:
    """Have a device ask for a code to show."""
    if tv.machine.secret:
        return await tv.machine.post("/oauth/device_authorization", **form)
    return await tv.provider.post("/oauth/device_authorization", {"client_id": tv.id, **form})


async def begin(tv: Application, **form: str) -> dict[str, Any]:
    answer = await ask(tv, **form)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def poll(tv: Application, device_code: str) -> httpx.Response:
    """Have a device ask for its tokens."""
    form = {"grant_type": GRANT, "device_code": device_code}
    if tv.machine.secret:
        return await tv.machine.post(TOKEN, **form)
    return await tv.provider.post(TOKEN, {"client_id": tv.id, **form})


async def enter(browser: Browser, user_code: str) -> httpx.Response:
    """Type a code on the page."""
    return await browser.send(await browser.get(DEVICE), user_code=user_code)


async def decide(browser: Browser, user_code: str, decision: str = "allow") -> httpx.Response:
    """Type a code on the page, and decide."""
    return await browser.send(await enter(browser, user_code), decision=decision)


async def test_a_person_signs_in_to_a_device(provider: Provider, tv: Application, browser: Browser, logs: Logs) -> None:
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


async def test_the_page_is_found_by_any_spelling_and_changes_nothing_until_the_person_agrees(
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


async def test_a_person_who_does_not_agree_ends_the_wait(provider: Provider, tv: Application, browser: Browser) -> None:
    await signed_in(browser, provider)
    shown = await begin(tv)
    assert "not signed in" in (await decide(browser, shown["user_code"], "deny")).text
    assert is_oauth_error(await poll(tv, shown["device_code"]), "access_denied")
    provider.clock.advance(INTERVAL)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "access_denied")
    assert "No device shows this code" in (await enter(browser, shown["user_code"])).text


async def test_an_early_poll_waits_five_seconds_longer_and_is_not_counted_itself(
    provider: Provider, tv: Application
) -> None:
    code = (await begin(tv))["device_code"]
    assert is_oauth_error(await poll(tv, code), "authorization_pending")
    provider.clock.advance(INTERVAL - timedelta(seconds=1))
    assert is_oauth_error(await poll(tv, code), "slow_down")
    provider.clock.advance(timedelta(seconds=5))
    assert is_oauth_error(await poll(tv, code), "slow_down")
    # 15 seconds after the first poll, however often it was early meanwhile.
    provider.clock.advance(timedelta(seconds=6))
    assert is_oauth_error(await poll(tv, code), "authorization_pending")
    assert is_oauth_error(await poll(tv, code), "slow_down")


async def test_a_device_waits_ten_minutes(provider: Provider, tv: Application, browser: Browser) -> None:
    await signed_in(browser, provider)
    early, late = await begin(tv), await begin(tv)
    provider.clock.advance(DEVICE_LIFE - timedelta(seconds=1))
    assert "is signed in" in (await decide(browser, early["user_code"])).text
    page = await enter(browser, late["user_code"])
    provider.clock.advance(timedelta(seconds=1))
    for shown in (early, late):
        assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")
    assert "does not wait any more" in (await browser.send(page, decision="allow")).text
    assert "No device shows this code" in (await enter(browser, late["user_code"])).text
    await CodeExpiry(database=provider.service.database, clock=provider.clock, rows_a_batch=1).prune()
    assert provider.sql("SELECT id FROM oauth_devices WHERE client_id = %s", tv.id) == []
    assert is_oauth_error(await poll(tv, late["device_code"]), "expired_token")


async def test_of_ten_redemptions_at_once_one_gets_tokens(
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


async def test_of_two_people_who_decide_at_once_one_does(provider: Provider, tv: Application) -> None:
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


@pytest.mark.parametrize(
    "change",
    ["is_active = false", "session_epoch = session_epoch + 1", "must_change_password = true"],
)
async def test_a_device_code_of_a_locked_user_yields_nothing_cve_2026_88770(
    provider: Provider, tv: Application, browser: Browser, change: str
) -> None:
    person = await signed_in(browser, provider)
    shown = await begin(tv)
    await decide(browser, shown["user_code"])
    provider.sql(f"UPDATE users SET {change} WHERE id = %s", person.id)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "invalid_grant")
    assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")
    assert provider.sql("SELECT id FROM sessions WHERE user_id = %s", person.id) == []


async def test_a_user_who_is_locked_while_the_page_is_open_lets_no_device_in(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    person = await signed_in(browser, provider)
    shown = await begin(tv)
    page = await enter(browser, shown["user_code"])
    provider.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)
    answer = await browser.send(page, decision="allow")
    assert "/account/sign-in" in forwarded(answer)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "authorization_pending")


async def test_the_session_of_a_device_outlives_the_browsers_and_ends_with_the_consent(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    person = await signed_in(browser, provider)
    own = await provider.service.log_in(person)
    first, second = await begin(tv, scope="profile"), await begin(tv, scope="profile")
    for shown in (first, second):
        await decide(browser, shown["user_code"])
    tokens = (await poll(tv, first["device_code"])).json()
    assert "id_token" not in tokens
    await browser.send(await browser.get(LOGOUT))
    form = {"client_id": tv.id, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = await provider.post(TOKEN, form)
    assert refreshed.status_code == 200
    applications = await provider.service.authorized("GET", "/api/v1/account/applications", own.access)
    assert [each["client_id"] for each in applications.json()["applications"]] == [tv.id]
    await provider.service.authorized("DELETE", f"/api/v1/account/applications/{tv.id}", own.access)
    form["refresh_token"] = refreshed.json()["refresh_token"]
    assert is_oauth_error(await provider.post(TOKEN, form), "invalid_grant")
    provider.clock.advance(INTERVAL)
    assert is_oauth_error(await poll(tv, second["device_code"]), "expired_token")


async def test_a_disabled_client_gets_nothing_for_its_devices_when_it_is_enabled_again(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    shown = await begin(tv)
    page = await enter(browser, shown["user_code"])
    await provider.clients.disable(OPERATOR, tv.id, any_version)
    assert "does not wait any more" in (await browser.send(page, decision="allow")).text
    await provider.clients.enable(OPERATOR, tv.id, any_version)
    provider.clock.advance(INTERVAL)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")


async def test_a_code_of_another_client_and_one_that_is_made_up_yield_nothing(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    thief = await application(provider, auth_method="none", grant_types=GRANTS, redirect_uris=())
    await signed_in(browser, provider)
    shown = await begin(tv)
    await decide(browser, shown["user_code"])
    code = shown["device_code"]
    for _ in range(3):
        assert is_oauth_error(await poll(thief, code), "invalid_grant")
    edited = code[:-2] + ("AA" if code[-2:] != "AA" else "BB")
    for wrong in (edited, code[:-1], "dwa_" + code[4:], "x", "\u00e9", "\0"):
        assert is_oauth_error(await poll(tv, wrong), "invalid_grant")
    assert is_oauth_error(await poll(tv, ""), "invalid_request")
    assert (await poll(tv, code)).status_code == 200


async def test_what_a_client_may_not_ask_for_is_refused(provider: Provider, tv: Application) -> None:
    app = await application(provider)
    answer = await ask(app, scope="openid")
    assert is_oauth_error(answer, "unauthorized_client"), answer.text
    assert is_oauth_error(await poll(app, "dwv_x"), "unauthorized_client")
    assert is_oauth_error(await ask(tv, scope="unknown"), "invalid_scope")
    assert is_oauth_error(await ask(tv, scope="offline_access"), "invalid_scope")
    assert is_oauth_error(await ask(tv, resource="https://unknown.example"), "invalid_target")
    stranger = await provider.post("/oauth/device_authorization", {"client_id": "dwc_unknown"})
    assert is_oauth_error(stranger, "invalid_client", 401)
    assert (await begin(tv, resource=ISSUER))["user_code"]


async def test_a_device_with_a_secret_shows_it_at_each_poll(provider: Provider, browser: Browser) -> None:
    box = await application(provider, grant_types=(GRANT,), redirect_uris=())
    await signed_in(browser, provider)
    shown = await begin(box, scope="openid")
    await decide(browser, shown["user_code"])
    form = {"grant_type": GRANT, "device_code": shown["device_code"], "client_id": box.id}
    assert is_oauth_error(await provider.post(TOKEN, form), "invalid_client", 401)
    tokens = (await poll(box, shown["device_code"])).json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}


async def test_a_user_may_type_twenty_codes_an_hour(provider: Provider, tv: Application, browser: Browser) -> None:
    await signed_in(browser, provider)
    page = await browser.get(DEVICE)
    answers = [await browser.send(page, user_code=letter * 8) for letter in LETTERS]
    assert statuses(answers) == [422] * 20
    shown = await begin(tv)
    refused = await browser.send(page, user_code=shown["user_code"])
    assert refused.status_code == 429
    assert "The TV" not in refused.text
    other = Browser(provider)
    await signed_in(other, provider)
    assert "The TV" in (await enter(other, shown["user_code"])).text


async def test_the_form_that_decides_is_of_one_code_one_browser_and_one_person(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    first, second = await begin(tv), await begin(tv)
    page = await enter(browser, first["user_code"])
    wrong = await browser.send(page, user_code=second["user_code"], decision="allow")
    assert wrong.status_code == 422
    (action, fields) = forms_of(page)[-1]
    assert action == "device"
    form = {**fields, "decision": "allow"}
    foreign = await browser.http.post(DEVICE, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code in {403, 422}
    other = Browser(provider)
    await signed_in(other, provider)
    stolen = await other.http.post(DEVICE, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert stolen.status_code == 422
    waiting = provider.sql("SELECT status FROM oauth_devices WHERE client_id = %s", tv.id)
    assert [row["status"] for row in waiting] == ["pending", "pending"]


async def test_a_poll_takes_two_statements(provider: Provider, tv: Application) -> None:
    shown = await begin(tv)
    before = provider.service.connections_asked_for()
    await poll(tv, shown["device_code"])
    assert provider.service.connections_asked_for() - before == 2
    before = provider.service.connections_asked_for()
    await begin(tv)
    assert provider.service.connections_asked_for() - before == 2
