"""Requests that the pages of second factors refuse, and their responses."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from doorward.domain.auth.login.throttling import SECOND_FACTOR_CURVE
from tests.integration.passkeys.keyring import keyring_with_passkey
from tests.integration.service import Service
from tests.integration.web.visitor import (
    CODES,
    FACTORS,
    LOGIN,
    OWN,
    PASSKEYS,
    SECOND_STEP,
    Visitor,
    code_of,
    new_visitor,
    protected_visitor,
    wrong,
)

CHANGES = ("set-up-application", "confirm-application", "remove-application", "make-recovery-codes")


async def test_a_wrong_code_stores_nothing_and_shows_the_same_secret_again(site: Service) -> None:
    someone = await new_visitor(site)
    first = await someone.send("set-up-application")
    application = pyotp.TOTP(first.codes[0].replace(" ", ""))
    for typed in (wrong(code_of(application, site)), "", "x", "7K3M-Q2XV-9TDA"):
        again = await someone.send("confirm-application", code=typed)
        assert (again.status, again.codes, again.pictures) == (422, first.codes, first.pictures), typed
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []
    shown = await someone.send("confirm-application", code=code_of(application, site))
    assert (shown.status, shown.title) == (200, CODES)


async def test_the_setup_token_of_another_user_is_refused(site: Service) -> None:
    theirs = (await (await new_visitor(site)).send("set-up-application")).form("confirm-application").fields["token"]
    someone = await new_visitor(site)
    await someone.send("set-up-application")
    refused = await someone.send("confirm-application", token=theirs, code="000000")
    assert (refused.status, refused.title, refused.codes) == (422, OWN, [])


async def test_an_expired_form_sets_up_nothing(site: Service) -> None:
    someone = await new_visitor(site)
    shown = await someone.send("set-up-application")
    application = pyotp.TOTP(shown.codes[0].replace(" ", ""))
    site.clock.advance(timedelta(minutes=10))
    refused = await someone.send("confirm-application", code=code_of(application, site))
    assert (refused.status, refused.title, refused.codes) == (422, OWN, [])
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []


async def test_a_second_application_cannot_be_set_up(site: Service) -> None:
    someone, _, _ = await protected_visitor(site)
    assert someone.page is not None
    form = {**someone.page.form("set-up-application").fields, "replace": ""}
    answer = await someone.post("set-up-application", form)
    assert (answer.status, "set up already" in answer.text) == (422, True)


async def test_without_a_second_factor_removing_and_renewing_it_are_refused(site: Service) -> None:
    someone = await new_visitor(site)
    assert someone.page is not None
    form = someone.page.form("set-up-application").fields
    for action, told in (("remove-application", "No authenticator"), ("make-recovery-codes", "no second factor")):
        answer = await someone.post(action, form)
        assert (answer.status, told in answer.text) == (422, True), action


async def test_a_wrong_or_used_code_is_refused_and_the_form_shown_again(site: Service) -> None:
    someone, application, codes = await protected_visitor(site)
    used = code_of(application, site)
    await someone.sign_in()
    assert (await someone.send("second-factor", code=used)).title == OWN
    await someone.sign_in()
    for typed in (used, wrong(used), "", codes[0][:-1]):
        refused = await someone.send("second-factor", code=typed)
        assert (refused.status, refused.title, "is wrong or was used" in refused.text) == (422, SECOND_STEP, True)
        assert refused.form("second-factor").fields["totp"] == "on"
    assert (await someone.send("second-factor", code=codes[0])).status == 200


async def test_an_expired_or_completed_login_starts_again(site: Service) -> None:
    someone, application, codes = await protected_visitor(site)
    await someone.sign_in()
    waiting = someone.page
    site.clock.advance(timedelta(seconds=300))
    expired = await someone.send("second-factor", code=code_of(application, site))
    assert (expired.status, "has expired" in expired.text) == (422, True)
    assert (expired.title, expired.form("sign-in").fields["next"]) == (LOGIN, FACTORS)
    await someone.sign_in()
    waiting = someone.page
    assert (await someone.send("second-factor", code=codes[0])).status == 200
    someone.page = waiting
    again = await someone.send("second-factor", code=codes[1])
    assert (again.status, "was completed" in again.text) == (422, True)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 9


async def test_guesses_of_codes_are_throttled_on_the_page_as_in_the_api(site: Service) -> None:
    someone, application, _ = await protected_visitor(site)
    await someone.sign_in()
    for _ in range(SECOND_FACTOR_CURVE.free):
        assert (await someone.send("second-factor", code=wrong(code_of(application, site)))).status == 422
    waiting = someone.page
    refused = await someone.send("second-factor", code=code_of(application, site))
    assert (refused.status, "retry-after" in refused.answer.headers) == (429, True)
    assert waiting is not None
    for secret in (waiting.form("second-factor").fields["mfa_token"], code_of(application, site)):
        assert secret not in refused.answer.text


async def test_passwords_are_throttled_on_the_page_as_in_the_api(site: Service) -> None:
    someone = Visitor(site, await site.register())
    for _ in range(20):
        assert (await someone.sign_in(password="not this one")).status == 422
    assert (await someone.sign_in()).status == 429


@pytest.mark.parametrize("action", CHANGES)
@pytest.mark.parametrize("cookie", ["", "x", "dwb_x"])
async def test_without_a_live_session_the_user_has_to_sign_in_again(site: Service, action: str, cookie: str) -> None:
    someone = await new_visitor(site)
    assert someone.page is not None
    form = {**someone.page.form("set-up-application").fields, "token": "dwt_x", "code": "000000"}
    someone.http.cookies.delete("__Host-doorward_session")
    if cookie:
        someone.http.cookies.set("__Host-doorward_session", cookie, domain="auth.example.com")
    shown = await someone.post(action, form)
    assert (shown.status, shown.title, shown.form("sign-in").fields["next"]) == (200, LOGIN, FACTORS)


@pytest.mark.parametrize("action", CHANGES)
async def test_a_deactivated_account_changes_nothing(site: Service, action: str) -> None:
    someone, _, codes = await protected_visitor(site)
    assert someone.page is not None
    form = {**someone.page.form("make-recovery-codes").fields, "token": "dwt_x", "code": codes[0]}
    site.set_active(someone.person, active=False)
    shown = await someone.post(action, form)
    assert (shown.status, shown.title) == (200, LOGIN)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 10


async def test_an_account_deactivated_between_the_steps_is_refused(site: Service) -> None:
    someone, application, codes = await protected_visitor(site)
    await someone.sign_in()
    site.set_active(someone.person, active=False)
    for code in (code_of(application, site), codes[0]):
        refused = await someone.send("second-factor", code=code)
        assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 10
    assert "is wrong" in (await someone.sign_in()).text


async def test_with_mail_configured_an_unverified_account_is_refused(site: Service) -> None:
    someone = Visitor(site, await site.register())
    await someone.sign_in()
    refused = await someone.send("set-up-application")
    assert (refused.status, refused.title, "not verified yet" in refused.text) == (422, OWN, True)


@pytest.mark.parametrize("changed", [{"credential": "x" * 40_000}, {"code": "1" * 2000}, {"next": "x" * 40_000}])
async def test_an_invalid_form_is_refused_without_repeating_its_values(site: Service, changed: dict[str, str]) -> None:
    answer = await site.client.post("/account/second-factor", data={"mfa_token": "dwt_x", **changed})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert not [each for each in changed.values() if len(each) > 1 and each in answer.text]


@pytest.mark.parametrize("action", CHANGES)
async def test_a_form_token_of_another_page_or_browser_is_refused(site: Service, action: str) -> None:
    someone, _, _ = await protected_visitor(site)
    stranger = await new_visitor(site)
    assert stranger.page is not None
    theirs = stranger.page.form("set-up-application").fields["form_token"]
    other = (await someone.open("/account/overview")).form("change-username").fields["form_token"]
    for form_token in ("", "x", theirs, other, "\u00e9"):
        shown = await someone.post(action, {"form_token": form_token, "token": "dwt_x", "code": "000000"})
        assert (shown.status, shown.title, "open for too long" in shown.text) == (422, OWN, True)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 10


async def test_a_late_second_step_by_a_passkey_starts_again(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    await someone.sign_in()
    site.clock.advance(timedelta(seconds=300))
    refused = await someone.send("second-factor", needs_script=True, credential="{}")
    assert (refused.status, refused.title, "has expired" in refused.text) == (422, LOGIN, True)


async def test_an_unverified_account_sees_why_it_cannot_add_a_passkey(site: Service) -> None:
    someone = Visitor(site, await site.register())
    shown = await someone.sign_in(PASSKEYS)
    assert (shown.status, "not verified yet" in shown.text, "data-create" in shown.answer.text) == (200, True, False)
