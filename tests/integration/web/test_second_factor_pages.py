"""The pages of second factors without a script: set up, use, remove, recover, and every refusal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import unquote

import pyotp
import pytest

from development.authenticator import Authenticator
from development.client import Person
from doorward.api.routing import PolicyRoute
from doorward.domain.auth.throttling import SECOND_FACTOR_CURVE
from tests.integration.passkeys.keyring import ORIGIN, keyring_with_passkey
from tests.integration.service import FakeClock, Logs, MakeService, Service, run_service, settings_of_the_ring
from tests.integration.web.visitor import FACTORS, PASSKEYS, Shown, Visitor

STEP = timedelta(seconds=30)
STALE = timedelta(minutes=5, seconds=1)
CHANGES = ("set-up-application", "confirm-application", "remove-application", "make-recovery-codes")
OWN = "Your second factors"
CODES = "Your recovery codes"
SECOND_STEP = "Show your second factor"
PROOF = "Show again that it is you"


@pytest.fixture(scope="module")
async def site(shared_database: str, secret_key: str) -> AsyncIterator[Service]:
    """Its clock goes on, never back: people are made anew by each test."""
    settings = settings_of_the_ring(shared_database, secret_key, {"public_url": ORIGIN})
    async with run_service(settings, FakeClock()) as service:
        yield service


async def verified(site: Service) -> Person:
    person = await site.register()
    site.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    return person


async def visitor(site: Service) -> Visitor:
    """Somebody who has signed in on the page, without a factor."""
    found = Visitor(site, await verified(site))
    assert (await found.sign_in()).title == OWN
    return found


async def protected(site: Service) -> tuple[Visitor, pyotp.TOTP, list[str]]:
    """Somebody who has set up an application, and is on the page again."""
    found = await visitor(site)
    application, codes = await found.set_up()
    await found.send("own-second-factors")
    site.clock.advance(STEP)
    return found, application, codes


def code_of(application: pyotp.TOTP, site: Service) -> str:
    return application.at(site.clock.present)


def wrong(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06}"


def token_of(page: Shown | None) -> str:
    assert page is not None
    return next(form.fields["access_token"] for form in page.forms if "access_token" in form.fields)


async def test_an_application_is_set_up_used_and_removed_without_a_script(site: Service) -> None:
    someone = await visitor(site)
    assert someone.page is not None
    assert "You have none yet" in someone.page.text
    assert "make-recovery-codes" not in someone.page.actions()
    shown = await someone.send("set-up-application")
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []
    (secret,) = shown.codes
    assert [len(group) for group in secret.split()] == [4] * 8
    application = pyotp.TOTP(secret.replace(" ", ""))
    before = token_of(shown)
    shown = await someone.send("confirm-application", code=code_of(application, site))
    assert (shown.title, len(shown.codes), len(set(shown.codes))) == (CODES, 10, 10)
    assert (await site.get_me(before)).status_code == 401
    shown = await someone.send("own-second-factors")
    assert (shown.title, shown.codes) == (OWN, [])
    assert "10 codes are left" in shown.text
    site.clock.advance(STEP)
    shown = await someone.sign_in()
    assert shown.title == SECOND_STEP
    shown = await someone.send("second-step", code=code_of(application, site))
    assert (shown.status, shown.title) == (200, OWN)
    shown = await someone.send("remove-application")
    assert "was removed" in shown.text
    assert "You have none yet" in shown.text
    assert site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id) == []
    assert (await someone.sign_in()).title == OWN
    assert (await someone.send("sign-out")).title == "Signed out"


async def test_a_recovery_code_is_the_way_back_and_new_codes_replace_the_old(site: Service) -> None:
    someone, _, codes = await protected(site)
    await someone.sign_in()
    shown = await someone.send("second-step", code=codes[0].lower().replace("-", " "))
    assert (shown.title, "9 codes are left" in shown.text) == (OWN, True)
    shown = await someone.send("remove-application")
    assert "was removed" in shown.text
    _, others = await someone.set_up()
    await someone.send("own-second-factors")
    shown = await someone.send("make-recovery-codes")
    assert shown.title == CODES
    assert not {*shown.codes} & {*others, *codes}
    for old in (codes[1], others[0]):
        await someone.sign_in()
        refused = await someone.send("second-step", code=old)
        assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert (await someone.send("second-step", code=shown.codes[0])).title == OWN


async def test_the_page_advises_new_codes_when_few_are_left(site: Service) -> None:
    someone, _, codes = await protected(site)
    for code in codes[:7]:
        await someone.sign_in()
        shown = await someone.send("second-step", code=code)
    assert "3 codes are left" in shown.text
    assert "before you run out" in shown.text


async def test_a_wrong_code_stores_nothing_and_shows_the_same_secret_again(site: Service) -> None:
    someone = await visitor(site)
    first = await someone.send("set-up-application")
    application = pyotp.TOTP(first.codes[0].replace(" ", ""))
    for typed in (wrong(code_of(application, site)), "", "x", "7K3M-Q2XV-9TDA"):
        again = await someone.send("confirm-application", code=typed)
        assert (again.status, again.codes, again.pictures) == (422, first.codes, first.pictures), typed
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []
    shown = await someone.send("confirm-application", code=code_of(application, site))
    assert (shown.status, shown.title) == (200, CODES)


async def test_the_secret_of_another_person_is_shown_to_nobody(site: Service) -> None:
    theirs = (await (await visitor(site)).send("set-up-application")).form("confirm-application").fields["token"]
    someone = await visitor(site)
    await someone.send("set-up-application")
    refused = await someone.send("confirm-application", token=theirs, code="000000")
    assert (refused.status, refused.title, refused.codes) == (422, OWN, [])


async def test_an_expired_form_sets_up_nothing(site: Service) -> None:
    someone = await visitor(site)
    shown = await someone.send("set-up-application")
    application = pyotp.TOTP(shown.codes[0].replace(" ", ""))
    site.clock.advance(timedelta(minutes=10))
    refused = await someone.send("confirm-application", code=code_of(application, site))
    assert (refused.status, refused.title, refused.codes) == (422, OWN, [])
    assert site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id) == []


async def test_an_application_cannot_be_set_up_beside_another(site: Service) -> None:
    someone, _, _ = await protected(site)
    assert someone.page is not None
    assert "set-up-application" not in someone.page.actions()
    form = {"access_token": token_of(someone.page)}
    answer = await site.client.post("/account/set-up-application", data=form)
    assert (answer.status_code, "set up already" in answer.text) == (422, True)


async def test_what_is_not_there_is_neither_removed_nor_made_anew(site: Service) -> None:
    form = {"access_token": token_of((await visitor(site)).page)}
    for action, told in (("remove-application", "No authenticator"), ("make-recovery-codes", "no second factor")):
        answer = await site.client.post(f"/account/{action}", data=form)
        assert (answer.status_code, told in answer.text) == (422, True), action


async def test_a_code_that_is_wrong_or_was_used_is_refused_and_asked_for_again(site: Service) -> None:
    someone, application, codes = await protected(site)
    used = code_of(application, site)
    await someone.sign_in()
    assert (await someone.send("second-step", code=used)).title == OWN
    await someone.sign_in()
    for typed in (used, wrong(used), "", codes[0][:-1]):
        refused = await someone.send("second-step", code=typed)
        assert (refused.status, refused.title, "is wrong or was used" in refused.text) == (422, SECOND_STEP, True)
        assert refused.form("second-step").fields["totp"] == "true"
    assert (await someone.send("second-step", code=codes[0])).status == 200


async def test_a_login_that_has_waited_too_long_or_was_completed_begins_again(site: Service) -> None:
    someone, application, codes = await protected(site)
    await someone.sign_in()
    waiting = someone.page
    site.clock.advance(timedelta(seconds=300))
    expired = await someone.send("second-step", code=code_of(application, site))
    assert (expired.status, "has expired" in expired.text) == (422, True)
    assert FACTORS.endswith(expired.actions()[0])
    await someone.sign_in()
    waiting = someone.page
    assert (await someone.send("second-step", code=codes[0])).status == 200
    someone.page = waiting
    again = await someone.send("second-step", code=codes[1])
    assert (again.status, "was completed" in again.text) == (422, True)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 9


async def test_guesses_of_codes_are_throttled_on_the_page_as_by_the_api(site: Service) -> None:
    someone, application, _ = await protected(site)
    await someone.sign_in()
    for _ in range(SECOND_FACTOR_CURVE.free):
        assert (await someone.send("second-step", code=wrong(code_of(application, site)))).status == 422
    waiting = someone.page
    refused = await someone.send("second-step", code=code_of(application, site))
    assert (refused.status, "retry-after" in refused.answer.headers) == (429, True)
    assert waiting is not None
    for secret in (waiting.form("second-step").fields["mfa_token"], code_of(application, site)):
        assert secret not in refused.answer.text


async def test_passwords_are_throttled_on_the_page_as_by_the_api(site: Service) -> None:
    someone = Visitor(site, await site.register())
    for _ in range(20):
        assert (await someone.sign_in(password="not this one")).status == 422
    assert (await someone.sign_in()).status == 429


async def test_after_five_minutes_a_change_asks_for_the_password_again(site: Service) -> None:
    someone = await visitor(site)
    site.clock.advance(STALE)
    shown = await someone.send("set-up-application")
    assert (shown.status, shown.title, shown.codes) == (200, PROOF, [])
    assert shown.form("show-who-is-asking").fields["username"] == someone.person.username
    refused = await someone.send("show-who-is-asking", password="not this one")
    assert (refused.status, refused.title) == (422, PROOF)
    before = token_of(refused)
    shown = await someone.send("show-who-is-asking", password=someone.person.password)
    assert (shown.status, shown.title, "go on" in shown.text) == (200, OWN, True)
    assert (await site.get_me(before)).status_code == 401
    await someone.set_up()


@pytest.mark.parametrize("change", ["remove-application", "make-recovery-codes"])
async def test_after_five_minutes_a_change_asks_for_the_factor_again(site: Service, change: str) -> None:
    someone, application, codes = await protected(site)
    page = someone.page
    site.clock.advance(STALE)
    shown = await someone.send(change)
    assert (shown.status, shown.title) == (200, PROOF)
    assert "password" not in shown.form("show-who-is-asking").fields
    # The password alone, which the page does not ask for, makes the session no better.
    form = {**shown.form("show-who-is-asking").fields, "password": someone.person.password}
    answer = Shown(await site.client.post("/account/show-who-is-asking", data=form))
    someone.page = answer
    shown = await someone.send(change)
    assert (shown.status, shown.title) == (200, PROOF)
    assert len(site.sql("SELECT 1 FROM totp_factors WHERE user_id = %s", someone.person.id)) == 1
    refused = await someone.send("show-who-is-asking", code=wrong(code_of(application, site)))
    assert (refused.status, refused.title) == (422, PROOF)
    shown = await someone.send("show-who-is-asking", code=codes[0])
    assert (shown.status, shown.title) == (200, OWN)
    assert (await someone.send(change)).status == 200
    assert page is not None
    assert (await site.get_me(token_of(page))).status_code == 401


async def test_a_passkey_shows_again_who_is_asking(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    await someone.open(PASSKEYS)
    assert someone.page is not None
    signed = keyring.authenticator.get(someone.page.data("get"))
    shown = await someone.send("passkeys", needs_script=True, credential=json.dumps(signed))
    assert shown.title == "Your passkeys"
    site.clock.advance(STALE)
    shown = await someone.send("remove-passkey")
    assert (shown.status, shown.title) == (200, PROOF)
    refused = await someone.send("show-who-is-asking", needs_script=True, credential="{}")
    assert (refused.status, refused.title) == (422, PROOF)
    signed = keyring.authenticator.get(refused.data("get"))
    shown = await someone.send("show-who-is-asking", needs_script=True, credential=json.dumps(signed))
    assert (shown.status, shown.title) == (200, "Your passkeys")
    assert "was removed" in (await someone.send("remove-passkey")).text


@pytest.mark.parametrize("path", [FACTORS, PASSKEYS])
async def test_a_passkey_is_the_second_step_of_both_pages(site: Service, path: str) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    shown = await someone.sign_in(path)
    assert (shown.title, shown.actions()) == (SECOND_STEP, ["second-step"])
    signed = keyring.authenticator.get(shown.data("get"))
    title = shown.form("second-step").fields["then"]
    # What was signed for another login is refused, and another passkey is asked for.
    strangers = Authenticator(ORIGIN)
    strangers.credentials = (await keyring_with_passkey(site)).authenticator.credentials
    refused = await someone.send(
        "second-step",
        needs_script=True,
        credential=json.dumps(strangers.get({**shown.data("get"), "allowCredentials": []})),
    )
    assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert refused.data("get")["allowCredentials"] == shown.data("get")["allowCredentials"]
    shown = await someone.send("second-step", needs_script=True, credential=json.dumps(signed))
    assert (shown.status, shown.title) == (200, "Your passkeys" if title == "passkeys" else OWN)


async def test_the_first_passkey_shows_the_recovery_codes_and_the_next_none(site: Service) -> None:
    someone = await visitor(site)
    authenticator = Authenticator(ORIGIN)
    shown = await someone.send("own-passkeys")
    made = json.dumps(authenticator.create(shown.data("create")))
    shown = await someone.send("add-passkey", needs_script=True, credential=made, name="Key")
    assert (shown.title, len(shown.codes)) == (CODES, 10)
    shown = await someone.send("own-passkeys")
    assert (shown.title, shown.codes) == ("Your passkeys", [])
    site.clock.advance(timedelta(seconds=1))
    made = json.dumps(Authenticator(ORIGIN).create(shown.data("create")))
    shown = await someone.send("add-passkey", needs_script=True, credential=made, name="Other")
    assert (shown.title, shown.codes) == ("Your passkeys", [])
    shown = await someone.send("own-second-factors")
    assert "Key Other" in shown.text


@pytest.mark.parametrize("action", [*CHANGES, "own-second-factors", "own-passkeys", "show-who-is-asking"])
@pytest.mark.parametrize("token", ["", "x", "eyJ.eyJ.x"])
async def test_without_a_live_session_the_person_signs_in_again(site: Service, action: str, token: str) -> None:
    form = {"access_token": token, "token": "dwt_x", "code": "000000", "password": "x"}
    answer = Shown(await site.client.post(f"/account/{action}", data=form))
    assert (answer.status, "access token is not valid" in answer.text) == (422, True)
    assert "password" in answer.forms[-1].fields


@pytest.mark.parametrize("action", [*CHANGES, "own-second-factors", "show-who-is-asking"])
async def test_a_deactivated_account_changes_nothing(site: Service, action: str) -> None:
    someone, _, codes = await protected(site)
    form = {"access_token": token_of(someone.page), "token": "dwt_x", "code": codes[0]}
    site.set_active(someone.person, active=False)
    answer = await site.client.post(f"/account/{action}", data=form)
    assert (answer.status_code, 'name="password"' in answer.text) == (422, True)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 10


async def test_an_account_that_is_deactivated_between_the_steps_does_not_get_in(site: Service) -> None:
    someone, application, codes = await protected(site)
    await someone.sign_in()
    site.set_active(someone.person, active=False)
    for code in (code_of(application, site), codes[0]):
        refused = await someone.send("second-step", code=code)
        assert (refused.status, refused.title) == (422, SECOND_STEP)
    assert len(site.sql("SELECT 1 FROM recovery_codes WHERE user_id = %s", someone.person.id)) == 10
    assert "is wrong" in (await someone.sign_in()).text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://auth.example.com.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "null"}, 200),
        ({}, 200),
    ],
)
async def test_a_form_of_another_site_is_refused_before_anything_is_read(
    site: Service, headers: dict[str, str], status: int
) -> None:
    someone = Visitor(site, await site.register())
    await someone.open()
    asked = site.connections_asked_for()
    name, password = someone.person.username, someone.person.password
    shown = await someone.send("second-factors", headers=headers, username=name, password=password)
    assert shown.status == status
    if status == 403:
        assert "another site has sent this form" in shown.text
        assert site.connections_asked_for() == asked
        assert site.sessions_of(someone.person) == []


async def test_all_forms_of_pages_refuse_other_sites(site: Service) -> None:
    routes = [route for route in site.app.routes if isinstance(route, PolicyRoute)]
    forms = [route.path for route in routes if route.path.startswith("/account/") and route.methods == {"POST"}]
    assert len(forms) > 10
    for path in forms:
        answer = await site.client.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, path


@pytest.mark.parametrize("path", [FACTORS, "/account/lost-device"])
async def test_a_page_is_kept_by_nobody_sets_no_cookie_and_changes_nothing(site: Service, path: str) -> None:
    asked = site.connections_asked_for()
    answer = await site.client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "set-cookie" not in answer.headers
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert site.connections_asked_for() == asked


async def test_no_secret_is_in_an_address_a_cookie_a_cache_or_the_log(site: Service, logs: Logs) -> None:
    someone, application, codes = await protected(site)
    await someone.sign_in()
    await someone.send("second-step", code="000000")
    await someone.send("second-step", code=codes[0])
    await someone.send("make-recovery-codes")
    fields = {
        value
        for answer in someone.answers
        for form in Shown(answer).forms
        for name, value in form.fields.items()
        if name in {"access_token", "mfa_token", "token"}
    }
    secrets = {application.secret, *codes, *fields, someone.person.password} - {""}
    assert len(secrets) > 15
    for answer in someone.answers:
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert answer.headers.get("location") is None
        links = re.findall(r'(?:href|action|src)="([^"]*)"', answer.text)
        own = [link for link in links if not link.startswith(("otpauth:", "data:"))]
        assert not [each for each in secrets if each in "".join((str(answer.request.url), *own))]
    assert not [each for each in secrets if each in logs.getvalue()]


async def test_the_picture_holds_the_address_that_the_application_reads(site: Service) -> None:
    someone = await visitor(site)
    shown = await someone.send("set-up-application")
    (picture,) = shown.pictures
    link = re.search(r'href="(otpauth:[^"]+)"', shown.answer.text)
    assert link is not None
    draw = site.app.state.services.second_factors.draw_qr_code
    assert picture == await draw(link[1].replace("&amp;", "&"))
    assert unquote(picture).startswith("data:image/svg+xml;charset=utf-8,<svg ")
    # The same picture is in the answer of the API.
    answer = await site.authorized("POST", "/api/v1/account/second-factors/totp", token_of(shown))
    assert answer.json()["qr"] == await draw(answer.json()["uri"])


async def test_where_mail_is_set_up_an_unverified_account_is_refused(site: Service) -> None:
    someone = Visitor(site, await site.register())
    await someone.sign_in()
    refused = await someone.send("set-up-application")
    assert (refused.status, refused.title, "not verified yet" in refused.text) == (422, OWN, True)


async def test_without_passkeys_the_pages_speak_of_none(make_service: MakeService) -> None:
    service = await make_service(public_url="http://192.0.2.1:8000")
    someone = Visitor(service, await verified(service))
    shown = await someone.open()
    assert (shown.status, "passkeys.js" in shown.answer.text) == (200, False)
    assert "Sign in with a passkey" not in shown.text
    shown = await someone.sign_in()
    assert "own-passkeys" not in shown.actions()
    application, _ = await someone.set_up()
    service.clock.advance(STEP)
    shown = await someone.sign_in()
    for then in ("passkeys", "second-factors"):
        form = {**shown.form("second-step").fields, "then": then, "passkey": "true", "credential": "{}"}
        assert (await service.client.post("/account/second-step", data=form)).status_code == 422
    shown = await someone.send("second-step", code=code_of(application, service), then="passkeys")
    assert shown.title == OWN
    assert (await service.client.get(PASSKEYS)).status_code == 404


async def test_without_the_package_that_draws_the_secret_is_typed(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    service = await make_service(public_url=ORIGIN)
    someone = Visitor(service, await verified(service))
    await someone.sign_in()
    shown = await someone.send("set-up-application")
    assert (shown.pictures, len(shown.codes)) == ([], 1)
    answer = await service.authorized("POST", "/api/v1/account/second-factors/totp", token_of(shown))
    assert answer.json()["qr"] is None
    await someone.set_up_with(shown)


async def test_without_the_extra_no_application_is_offered(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("cryptography", "webauthn"):
        monkeypatch.setitem(sys.modules, package, None)
    service = await make_service(environment="production", bcrypt_rounds=10, public_url="http://192.0.2.1:8000")
    someone = Visitor(service, await service.register())
    shown = await someone.sign_in()
    assert (shown.title, "doorward[mfa]" in shown.text) == (OWN, True)
    assert shown.actions() == ["sign-out"]
    form = {"access_token": token_of(shown), "token": "dwt_x", "code": "000000"}
    for action in ("set-up-application", "confirm-application", "remove-application"):
        answer = await service.client.post(f"/account/{action}", data=form)
        assert (answer.status_code, "doorward[mfa]" in answer.text) == (422, True), action


async def test_without_an_address_there_is_no_page(make_service: MakeService) -> None:
    service = await make_service()
    for path in (FACTORS, "/account/lost-device"):
        assert (await service.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "changed", [{"then": "https://evil.example"}, {"totp": "x"}, {"credential": "x" * 40_000}, {"code": "1" * 2000}]
)
async def test_what_no_page_has_sent_is_refused_without_an_echo(site: Service, changed: dict[str, str]) -> None:
    answer = await site.client.post("/account/second-step", data={"mfa_token": "dwt_x", **changed})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert not [each for each in changed.values() if len(each) > 1 and each in answer.text]
