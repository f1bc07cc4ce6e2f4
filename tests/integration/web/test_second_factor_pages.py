"""The pages of second factors without a script: set up, use, show again, recover."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pyotp
import pytest

from development.authenticator import Authenticator
from tests.integration.passkeys.keyring import ORIGIN, keyring_with_passkey
from tests.integration.service import Logs, Service
from tests.integration.web.visitor import (
    AGAIN,
    CODES,
    FACTORS,
    KEYS,
    LOGIN,
    OWN,
    PASSKEYS,
    SECOND_STEP,
    SIGN_IN,
    STEP,
    Shown,
    Visitor,
    code_of,
    is_live,
    new_visitor,
    protected_visitor,
    wrong,
)

STALE = timedelta(minutes=5, seconds=1)


async def test_an_application_is_set_up_used_and_removed_without_a_script(site: Service) -> None:
    someone = await new_visitor(site)
    assert someone.page is not None
    assert "You have none yet" in someone.page.text
    assert "make-recovery-codes" not in someone.page.actions()
    shown = await someone.send("set-up-application")
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []
    (secret,) = shown.codes
    assert [len(group) for group in secret.split()] == [4] * 8
    application = pyotp.TOTP(secret.replace(" ", ""))
    before = someone.cookie
    shown = await someone.send("confirm-application", code=code_of(application, site))
    assert (shown.title, len(shown.codes), len(set(shown.codes))) == (CODES, 10, 10)
    assert (await is_live(site, before), await is_live(site, someone.cookie)) == (False, True)
    shown = await someone.open()
    assert (shown.title, shown.codes) == (OWN, [])
    assert "10 codes are left" in shown.text
    site.clock.advance(STEP)
    shown = await someone.sign_in()
    assert shown.title == SECOND_STEP
    shown = await someone.send("second-factor", code=code_of(application, site))
    assert (shown.status, shown.title) == (200, OWN)
    shown = await someone.send("remove-application")
    assert "was removed" in shown.text
    assert "You have none yet" in shown.text
    assert site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id) == []
    assert (await someone.sign_in()).title == OWN
    assert (await someone.send("sign-out")).title == "Signed out"


async def test_a_recovery_code_signs_in_and_new_codes_replace_the_old_ones(site: Service) -> None:
    someone, _, codes = await protected_visitor(site)
    await someone.sign_in()
    shown = await someone.send("second-factor", code=codes[0].lower().replace("-", " "))
    assert (shown.title, "9 codes are left" in shown.text) == (OWN, True)
    shown = await someone.send("remove-application")
    assert "was removed" in shown.text
    _, others = await someone.set_up()
    await someone.open()
    shown = await someone.send("make-recovery-codes")
    assert shown.title == CODES
    assert not {*shown.codes} & {*others, *codes}
    for old in (codes[1], others[0]):
        await someone.sign_in()
        refused = await someone.send("second-factor", code=old)
        assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert (await someone.send("second-factor", code=shown.codes[0])).title == OWN


async def test_the_page_advises_new_codes_when_few_are_left(site: Service) -> None:
    someone, _, codes = await protected_visitor(site)
    for code in codes[:7]:
        await someone.sign_in()
        shown = await someone.send("second-factor", code=code)
    assert "3 codes are left" in shown.text
    assert "before you run out" in shown.text


async def test_after_five_minutes_a_change_requires_the_password_again(site: Service) -> None:
    someone = await new_visitor(site)
    site.clock.advance(STALE)
    shown = await someone.send("set-up-application")
    assert (shown.status, shown.title, AGAIN in shown.text, shown.codes) == (200, LOGIN, True, [])
    assert shown.form("sign-in").fields["username"] == someone.person.username
    refused = await someone.send("sign-in", password="not this one")
    assert (refused.status, refused.title, AGAIN in refused.text) == (422, LOGIN, True)
    before = someone.cookie
    shown = await someone.sign_in_again()
    assert (shown.status, shown.title) == (200, OWN)
    assert (await is_live(site, before), before != someone.cookie) == (False, True)
    await someone.set_up()


@pytest.mark.parametrize("change", ["remove-application", "make-recovery-codes"])
async def test_after_five_minutes_a_change_requires_the_factor_again(site: Service, change: str) -> None:
    someone, application, codes = await protected_visitor(site)
    before = someone.cookie
    site.clock.advance(STALE)
    shown = await someone.send(change)
    assert (shown.status, shown.title, AGAIN in shown.text) == (200, LOGIN, True)
    # The password alone does not raise the session's authentication level.
    shown = await someone.sign_in_again()
    assert (shown.status, shown.title, someone.cookie) == (200, SECOND_STEP, before)
    refused = await someone.send("second-factor", code=wrong(code_of(application, site)))
    assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert len(site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id)) == 1
    shown = await someone.send("second-factor", code=codes[0])
    assert (shown.status, shown.title) == (200, OWN)
    assert (await someone.send(change)).status == 200
    assert not await is_live(site, before)


async def test_a_passkey_is_a_fresh_proof(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    shown = await someone.sign_in_by_passkey(keyring.authenticator)
    assert shown.title == KEYS
    site.clock.advance(STALE)
    shown = await someone.send("remove-passkey")
    assert (shown.status, shown.title, AGAIN in shown.text) == (200, LOGIN, True)
    refused = await someone.send("sign-in", needs_script=True, credential="{}")
    assert (refused.status, refused.title) == (422, LOGIN)
    signed = keyring.authenticator.get(refused.data("get"))
    shown = await someone.send("sign-in", needs_script=True, credential=json.dumps(signed))
    assert (shown.status, shown.title) == (200, KEYS)
    assert "was removed" in (await someone.send("remove-passkey")).text


async def test_after_five_minutes_renaming_a_passkey_requires_a_new_proof(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    await someone.sign_in_by_passkey(keyring.authenticator)
    site.clock.advance(STALE)
    shown = await someone.send("rename-passkey", name="Another")
    assert (shown.status, shown.title, keyring.row()["name"]) == (200, LOGIN, "Passkey")


async def test_a_suspended_passkey_is_listed_until_it_is_removed(site: Service) -> None:
    """It is still a factor of the account, so the password alone does not sign in."""
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    shown = await someone.sign_in_by_passkey(keyring.authenticator, FACTORS)
    assert "Passkey (suspended: remove it)" not in shown.text
    site.sql("UPDATE passkeys SET suspended_at = created_at WHERE user_id = %s", keyring.person.id)
    shown = await someone.open()
    assert "Passkey (suspended: remove it)" in shown.text
    assert "You have no passkey" not in shown.text


@pytest.mark.parametrize("path", [FACTORS, PASSKEYS])
async def test_a_passkey_is_accepted_as_second_step_on_both_pages(site: Service, path: str) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    shown = await someone.sign_in(path)
    assert (shown.title, shown.actions()) == (SECOND_STEP, ["second-factor"])
    signed = keyring.authenticator.get(shown.data("get"))
    assert shown.form("second-factor").fields["next"] == path
    # A signature for another login is refused, and a passkey is requested again.
    strangers = Authenticator(ORIGIN)
    strangers.credentials = (await keyring_with_passkey(site)).authenticator.credentials
    refused = await someone.send(
        "second-factor",
        needs_script=True,
        credential=json.dumps(strangers.get({**shown.data("get"), "allowCredentials": []})),
    )
    assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert refused.data("get")["allowCredentials"] == shown.data("get")["allowCredentials"]
    shown = await someone.send("second-factor", needs_script=True, credential=json.dumps(signed))
    assert (shown.status, shown.title) == (200, KEYS if path == PASSKEYS else OWN)


async def test_only_the_first_passkey_shows_recovery_codes(site: Service) -> None:
    someone = await new_visitor(site)
    authenticator = Authenticator(ORIGIN)
    shown = await someone.open(PASSKEYS)
    made = json.dumps(authenticator.create(shown.data("create")))
    shown = await someone.send("add-passkey", needs_script=True, credential=made, name="Key")
    assert (shown.title, len(shown.codes)) == (CODES, 10)
    shown = await someone.open(PASSKEYS)
    assert (shown.title, shown.codes) == (KEYS, [])
    site.clock.advance(timedelta(seconds=1))
    made = json.dumps(Authenticator(ORIGIN).create(shown.data("create")))
    shown = await someone.send("add-passkey", needs_script=True, credential=made, name="Other")
    assert (shown.title, shown.codes) == (KEYS, [])
    shown = await someone.open()
    assert "Key Other" in shown.text


async def test_the_qr_code_contains_the_uri_for_the_application(site: Service) -> None:
    someone = await new_visitor(site)
    shown = await someone.send("set-up-application")
    (picture,) = shown.pictures
    link = re.search(r'href="(otpauth:[^"]+)"', shown.answer.text)
    assert link is not None
    draw = site.app.state.services.second_factors.draw_qr_code
    assert picture == await draw(link[1].replace("&amp;", "&"))
    assert unquote(picture).startswith("data:image/svg+xml;charset=utf-8,<svg ")
    # The response of the API contains the same picture.
    pair = await site.log_in(someone.person)
    answer = await site.authorized("POST", "/api/v1/account/second-factors/totp", pair.access)
    assert answer.json()["qr"] == await draw(answer.json()["uri"])


@pytest.mark.parametrize("path", [FACTORS, "/account/lost-device", SIGN_IN])
async def test_a_page_is_not_cached_and_uses_no_database(site: Service, path: str) -> None:
    asked = site.connections_asked_for()
    answer = await site.client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (303 if path == FACTORS else 200, "no-store")
    assert "doorward_session" not in answer.headers.get("set-cookie", "")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert site.connections_asked_for() == asked


async def test_no_secret_is_in_a_url_a_cookie_a_cache_or_the_log(site: Service, logs: Logs) -> None:
    someone, application, codes = await protected_visitor(site)
    await someone.sign_in()
    await someone.send("second-factor", code="000000")
    await someone.send("second-factor", code=codes[0])
    await someone.send("make-recovery-codes")
    fields = {
        value
        for answer in someone.answers
        for form in Shown(answer).forms
        for name, value in form.fields.items()
        if name in {"mfa_token", "token", "form_token"}
    }
    secrets = {application.secret, *codes, *fields, someone.person.password} - {""}
    assert len(secrets) > 15
    for answer in someone.answers:
        assert answer.headers["cache-control"] == "no-store"
        links = re.findall(r'(?:href|action|src)="([^"]*)"', answer.text)
        own = [link for link in links if not link.startswith(("otpauth:", "data:"))]
        told = "".join((str(answer.request.url), answer.headers.get("location", ""), *own))
        cookies = "".join(answer.headers.get_list("set-cookie"))
        assert not [each for each in secrets if each in told + cookies]
    assert not [each for each in secrets | {someone.cookie} if each in logs.getvalue()]
