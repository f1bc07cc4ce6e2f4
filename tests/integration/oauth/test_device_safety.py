"""Devices without a browser: which users, clients and requests are refused."""

import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.user_code import LETTERS
from tests.integration.oauth.browsers import (
    LOGOUT,
    Application,
    Browser,
    answer_of,
    application,
    forms_of,
    forwarded,
    signed_in,
)
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.devices import DEVICE, GRANT, GRANTS, INTERVAL, ask, begin, decide, enter, poll
from tests.integration.oauth.provider import ISSUER, TOKEN, Provider, is_oauth_error
from tests.integration.service import statuses


@pytest.fixture
def provider(provider_of_devices: Provider) -> Provider:
    return provider_of_devices


@pytest.fixture
async def tv(provider: Provider) -> Application:
    return await application(provider, name="The TV", auth_method="none", grant_types=GRANTS, redirect_uris=())


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return Browser(provider)


@pytest.mark.parametrize(
    "change",
    ["is_active = false", "session_epoch = session_epoch + 1", "must_change_password = true"],
)
async def test_a_device_code_of_a_locked_user_is_refused_cve_2026_88770(
    provider: Provider, tv: Application, browser: Browser, change: str
) -> None:
    person = await signed_in(browser, provider)
    shown = await begin(tv)
    await decide(browser, shown["user_code"])
    provider.sql(f"UPDATE users SET {change} WHERE id = %s", person.id)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "invalid_grant")
    assert is_oauth_error(await poll(tv, shown["device_code"]), "expired_token")
    assert provider.sql("SELECT id FROM sessions WHERE user_id = %s", person.id) == []


async def test_a_user_who_is_deactivated_while_the_page_is_open_cannot_approve_a_device(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    person = await signed_in(browser, provider)
    shown = await begin(tv)
    page = await enter(browser, shown["user_code"])
    provider.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)
    answer = await browser.send(page, decision="allow")
    assert "/account/sign-in" in forwarded(answer)
    assert is_oauth_error(await poll(tv, shown["device_code"]), "authorization_pending")


async def test_the_session_of_a_device_outlives_the_browser_session_and_ends_with_the_consent(
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


async def test_the_device_requests_of_a_disabled_client_are_invalid_even_after_it_is_enabled(
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


async def test_device_codes_of_another_client_and_forged_ones_are_refused(
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


async def test_grants_scopes_and_resources_that_the_client_does_not_have_are_refused(
    provider: Provider, tv: Application
) -> None:
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


async def test_no_request_for_a_user_may_name_the_audience_of_logins(provider: Provider, browser: Browser) -> None:
    app = await application(
        provider, resources=("doorward",), grant_types=("authorization_code", *GRANTS), scopes=("openid", "profile")
    )
    assert is_oauth_error(await ask(app, resource="doorward"), "invalid_target")
    pushed = await app.machine.post("/oauth/par", **app.parameters(resource="doorward"))
    assert is_oauth_error(pushed, "invalid_target")
    asked = await browser.get(app.address(resource="doorward"))
    assert answer_of(asked.headers["location"])["error"] == "invalid_target"


async def test_a_device_of_a_confidential_client_authenticates_at_each_poll(
    provider: Provider, browser: Browser
) -> None:
    box = await application(provider, grant_types=(GRANT,), redirect_uris=())
    await signed_in(browser, provider)
    shown = await begin(box, scope="openid")
    await decide(browser, shown["user_code"])
    form = {"grant_type": GRANT, "device_code": shown["device_code"], "client_id": box.id}
    assert is_oauth_error(await provider.post(TOKEN, form), "invalid_client", 401)
    tokens = (await poll(box, shown["device_code"])).json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}


async def test_a_user_may_enter_twenty_codes_an_hour(provider: Provider, tv: Application, browser: Browser) -> None:
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


async def test_the_approval_form_is_valid_for_one_code_one_browser_and_one_user(
    provider: Provider, tv: Application, browser: Browser
) -> None:
    await signed_in(browser, provider)
    first, second = await begin(tv), await begin(tv)
    page = await enter(browser, first["user_code"])
    wrong = await browser.send(page, user_code=second["user_code"], decision="allow")
    assert wrong.status_code == 422
    (action, fields) = forms_of(page)[-1]
    assert action == "../account/device"
    form = {**fields, "decision": "allow"}
    foreign = await browser.http.post(DEVICE, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code in {403, 422}
    other = Browser(provider)
    await signed_in(other, provider)
    stolen = await other.http.post(DEVICE, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert stolen.status_code == 422
    waiting = provider.sql("SELECT status FROM oauth_devices WHERE client_id = %s", tv.id)
    assert [row["status"] for row in waiting] == ["pending", "pending"]


async def test_a_poll_and_a_device_request_take_two_statements_each(provider: Provider, tv: Application) -> None:
    shown = await begin(tv)
    before = provider.service.connections_asked_for()
    await poll(tv, shown["device_code"])
    assert provider.service.connections_asked_for() - before == 2
    before = provider.service.connections_asked_for()
    await begin(tv)
    assert provider.service.connections_asked_for() - before == 2
