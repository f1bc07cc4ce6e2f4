"""Authorization codes that are stolen, replayed, edited or redeemed concurrently."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.code_models import CODE_LIFETIME
from tests.integration.oauth.browsers import CALLBACK, Application, Browser, answer_of, application
from tests.integration.oauth.clients import OPERATOR, ORDERS
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import Logs, claims_of, events, statuses

ME = "/oauth/userinfo"


async def user_info(provider: Provider, access_token: str) -> httpx.Response:
    return await provider.service.client.get(ME, headers={"Authorization": f"Bearer {access_token}"})


def the_session(provider: Provider, user_id: str) -> dict[str, Any]:
    (session,) = provider.sql("SELECT * FROM sessions WHERE user_id = %s", user_id)
    return session


async def test_one_of_100_concurrent_redemptions_succeeds_and_its_session_ends_supabase_2613(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    answers = await asyncio.gather(*(app.exchange(code) for _ in range(100)))
    assert statuses(answers) == [200] + [400] * 99
    (first,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert the_session(lasting_provider, person.id)["end_reason"] == "reuse"
    assert (await user_info(lasting_provider, first["access_token"])).status_code == 401
    assert is_oauth_error(await app.refresh(first["refresh_token"]), "invalid_grant")


async def test_an_edited_code_is_refused_cve_2026_16089(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    raw = bytearray(base64.urlsafe_b64decode(code.removeprefix("dwa_") + "=="))
    for place in range(len(raw)):
        edited = bytes(byte ^ (place == index) for index, byte in enumerate(raw))
        text = "dwa_" + base64.urlsafe_b64encode(edited).rstrip(b"=").decode()
        assert is_oauth_error(await app.exchange(text), "invalid_grant")
    for text in (code[:-1], code + "A", code.removeprefix("dwa_"), "dwb_" + code[4:], "", "\0", "\u00e9"):
        expected = "invalid_grant" if text else "invalid_request"
        assert is_oauth_error(await app.exchange(text), expected)
    assert (await app.exchange(code)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code_verifier": None}, "verifier"),
        ({"code_verifier": "w" * 43}, "verifier"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": CALLBACK + "?a=1"}, "redirect_uri"),
        ({"resource": ORDERS}, "resource"),
    ],
)
async def test_a_request_that_does_not_match_the_code_invalidates_it(
    lasting_provider: Provider,
    app: Application,
    browser: Browser,
    logs: Logs,
    changes: dict[str, str | None],
    reason: str,
) -> None:
    code = await app.code(browser, await lasting_provider.service.register())
    assert is_oauth_error(await app.exchange(code, **changes), "invalid_grant")
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    refusals = [line["reason"] for line in events(logs, "authorization.code_refused")]
    assert refusals == [reason, "unknown"]


async def test_a_code_of_another_client_is_refused_and_invalidated(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    thief = await application(lasting_provider)
    code = await app.code(browser, await lasting_provider.service.register())
    assert is_oauth_error(await thief.exchange(code), "invalid_grant")
    assert is_oauth_error(await app.exchange(code), "invalid_grant")


async def test_a_code_expires(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await provider.service.register()
    code = await app.code(browser, person)
    provider.clock.advance(CODE_LIFETIME)
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    code = await app.code(browser, person)
    provider.clock.advance(CODE_LIFETIME - timedelta(seconds=1))
    assert (await app.exchange(code)).status_code == 200


@pytest.mark.parametrize(
    "change", ["is_active = false", "session_epoch = session_epoch + 1", "must_change_password = true"]
)
async def test_a_code_of_a_user_who_may_not_act_is_refused(
    lasting_provider: Provider, app: Application, browser: Browser, change: str
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    lasting_provider.sql(f"UPDATE users SET {change} WHERE id = %s", person.id)
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    assert lasting_provider.service.sessions_of(person) == []


async def test_a_code_of_a_deleted_user_is_refused(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    lasting_provider.sql("DELETE FROM users WHERE id = %s", person.id)
    assert is_oauth_error(await app.exchange(code), "invalid_grant")


async def test_a_sign_out_before_the_redemption_invalidates_the_code(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    code = await app.code(browser, person)
    await browser.send(await browser.get("/oauth/logout"))
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    assert lasting_provider.service.sessions_of(person) == []


async def test_a_disabled_client_loses_its_codes_and_sessions_and_enabling_revives_none(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await provider.service.register()
    tokens = await app.tokens(browser, person)
    code = await app.code(browser, person)
    await provider.clients.disable(OPERATOR, app.id, any_version)
    assert (await user_info(provider, tokens["access_token"])).status_code == 401
    assert "is not known" in (await browser.get(app.address())).text
    provider.clock.advance(timedelta(seconds=5))
    await provider.clients.enable(OPERATOR, app.id, any_version)
    provider.clock.advance(timedelta(seconds=5))
    assert (await user_info(provider, tokens["access_token"])).status_code == 401
    assert is_oauth_error(await app.refresh(tokens["refresh_token"]), "invalid_grant")
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    assert (await app.tokens(browser, person))["access_token"]


async def test_the_sessions_of_a_removed_client_are_invalid(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    tokens = await app.tokens(browser, await lasting_provider.service.register())
    await lasting_provider.clients.delete(OPERATOR, app.id, any_version)
    assert (await user_info(lasting_provider, tokens["access_token"])).status_code == 401


async def test_a_withdrawn_consent_invalidates_tokens_and_codes_better_auth_10386(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    service = lasting_provider.service
    person = await service.register()
    tokens, code = await app.tokens(browser, person), await app.code(browser, person)
    own = await service.log_in(person)
    path = "/api/v1/account/applications"
    listed = (await service.authorized("GET", path, own.access)).json()["applications"]
    assert [(each["client_id"], each["name"]) for each in listed] == [(app.id, "The App")]
    assert (await service.authorized("DELETE", f"{path}/{app.id}", own.access)).status_code == 204
    assert (await user_info(lasting_provider, tokens["access_token"])).status_code == 401
    assert is_oauth_error(await app.refresh(tokens["refresh_token"]), "invalid_grant")
    assert is_oauth_error(await app.exchange(code), "invalid_grant")
    assert "asks for access" in (await browser.get(app.address())).text
    assert (await service.authorized("DELETE", f"{path}/{app.id}", own.access)).status_code == 404
    assert (await service.get_me(own.access)).status_code == 200


async def test_changed_redirect_uris_require_a_new_consent(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    await app.tokens(browser, await lasting_provider.service.register())
    assert (await browser.get(app.address())).status_code == 302
    changes = {"redirect_uris": (CALLBACK, "https://app.example/other")}
    await lasting_provider.clients.update(OPERATOR, app.id, changes, any_version)
    assert "asks for access" in (await browser.get(app.address())).text


async def test_tokens_for_a_resource_contain_only_its_audience_and_scopes(
    lasting_provider: Provider, browser: Browser
) -> None:
    lasting_provider.sql("DELETE FROM oauth_resources")
    await lasting_provider.resource(ORDERS, "orders:read")
    scopes = ("openid", "offline_access", "orders:read", "items:read")
    app = await application(lasting_provider, scopes=scopes, resources=(ORDERS,), id_token_algorithm="ES256")
    person = await lasting_provider.service.register()
    tokens = await app.tokens(browser, person, resource=ORDERS, scope="openid orders:read items:read offline_access")
    claims = claims_of(tokens["access_token"])
    assert (claims["aud"], claims["scope"], tokens["scope"]) == (ORDERS, "orders:read", "orders:read")
    assert claims_of(tokens["id_token"])["aud"] == app.id
    assert the_session(lasting_provider, person.id)["is_offline"]
    again = (await app.refresh(tokens["refresh_token"])).json()
    assert (claims_of(again["access_token"])["aud"], again["scope"]) == (ORDERS, "orders:read")
    assert (await user_info(lasting_provider, tokens["access_token"])).status_code == 401
    lasting_provider.sql("DELETE FROM oauth_resources")


async def test_scopes_removed_from_a_client_are_removed_from_tokens_at_the_next_refresh(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    tokens = await app.tokens(browser, await lasting_provider.service.register())
    await lasting_provider.clients.update(OPERATOR, app.id, {"scopes": ("openid",)}, any_version)
    again = (await app.refresh(tokens["refresh_token"])).json()
    assert again["scope"] == "openid"
    assert is_oauth_error(await app.refresh(again["refresh_token"], scope="email"), "invalid_grant")


@pytest.mark.parametrize("scope", [None, "email"])
async def test_a_refresh_for_which_no_scope_is_left_is_refused_without_using_up_its_token(
    lasting_provider: Provider, app: Application, browser: Browser, scope: str | None
) -> None:
    person = await lasting_provider.service.register()
    tokens = await app.tokens(browser, person)
    kept = ("items:read",) if scope is None else ("openid", "items:read")
    requested = {} if scope is None else {"scope": scope}
    await lasting_provider.clients.update(OPERATOR, app.id, {"scopes": kept}, any_version)
    for _ in range(2):
        assert is_oauth_error(await app.refresh(tokens["refresh_token"], **requested), "invalid_grant")
    (session,) = lasting_provider.service.sessions_of(person)
    assert (session["generation"], session["ended_at"]) == (0, None)
    await lasting_provider.clients.update(OPERATOR, app.id, {"scopes": (*kept, "email")}, any_version)
    assert (await app.refresh(tokens["refresh_token"], **requested)).json()["scope"].split()[0] == "email"


async def test_a_public_client_is_verified_by_pkce(lasting_provider: Provider, browser: Browser) -> None:
    app = await application(lasting_provider, auth_method="none")
    person = await lasting_provider.service.register()
    assert is_oauth_error(await app.exchange(await app.code(browser, person), code_verifier="x" * 43), "invalid_grant")
    answer = await app.exchange(await app.code(browser, person))
    assert answer.status_code == 200
    assert answer.json()["refresh_token"].startswith("dwr_")


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(
    lasting_provider: Provider, browser: Browser
) -> None:
    app = await application(lasting_provider, grant_types=("authorization_code",))
    tokens = await app.tokens(browser, await lasting_provider.service.register())
    assert "refresh_token" not in tokens


async def test_redirects_lead_only_to_registered_addresses(app: Application, browser: Browser) -> None:
    for changes in ({"redirect_uri": "https://evil.example/"}, {"client_id": "dwc_made-up"}, {"redirect_uri": None}):
        for more in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "unknown"}):
            answer = await browser.get(app.address(**{**changes, **more}))
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert "evil" not in answer.text


async def test_the_token_of_a_user_is_active_at_introspection_until_the_session_ends(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    person = await lasting_provider.service.register()
    tokens = await app.tokens(browser, person)
    answer = (await app.machine.post("/oauth/introspect", token=tokens["access_token"])).json()
    assert (answer["active"], answer["sub"], answer["aud"]) == (True, person.id, ISSUER)
    assert answer["scope"] == "email openid profile"
    await app.machine.post("/oauth/revoke", token=tokens["refresh_token"])
    assert (await app.machine.post("/oauth/introspect", token=tokens["access_token"])).json() == {"active": False}


async def test_tokens_of_applications_are_refused_where_first_party_tokens_are_required(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    service = lasting_provider.service
    tokens = await app.tokens(browser, await service.register(), scope="openid items:read")
    assert (await service.get_me(tokens["access_token"])).status_code == 403
    assert (await service.authorized("GET", "/api/v1/items", tokens["access_token"])).status_code == 200
    assert (await service.post_refresh(tokens["refresh_token"])).status_code == 401
    assert (await service.get_me(tokens["id_token"])).status_code == 401


async def test_an_error_response_contains_the_issuer_rfc_9207(app: Application, browser: Browser) -> None:
    refused = await browser.get(app.address(prompt="none"))
    assert answer_of(refused.headers["location"]) == {
        "error": "login_required",
        "error_description": "The user has to sign in.",
        "state": "the state",
        "iss": ISSUER,
    }
