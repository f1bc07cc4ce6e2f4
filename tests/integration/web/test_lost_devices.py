"""Each recovery described by the page of lost devices, carried out on the pages."""

from __future__ import annotations

import json

import pyotp
import pytest

from development.authenticator import Authenticator
from tests.integration.administration.administrator import signed_in_with, user
from tests.integration.passkeys.keyring import ORIGIN, keyring_with_passkey
from tests.integration.service import Service
from tests.integration.web.visitor import (
    CODES,
    FACTORS,
    LOGIN,
    OWN,
    PASSKEYS,
    SECOND_STEP,
    STEP,
    Visitor,
    code_of,
    protected_visitor,
    wrong,
)

LOST = "/account/lost-device"


async def test_the_second_step_and_the_page_of_lost_devices_link_to_each_other(site: Service) -> None:
    someone, _, _ = await protected_visitor(site)
    shown = await someone.sign_in()
    assert (shown.title, 'href="../account/lost-device"' in shown.answer.text) == (SECOND_STEP, True)
    page = await someone.open(LOST)
    assert 'href="../account/sign-in?next=%2Faccount%2Fsecond-factors"' in page.answer.text
    assert (await someone.open(FACTORS)).title == LOGIN


@pytest.mark.parametrize("path", [FACTORS, PASSKEYS])
async def test_a_recovery_code_allows_removing_the_passkey_of_a_lost_device(site: Service, path: str) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    codes = (await site.authorized("POST", "/api/v1/account/second-factors/recovery-codes", keyring.pair.access)).json()
    await someone.sign_in(path)
    shown = await someone.send("second-factor", code=codes["recovery_codes"][0])
    if path == FACTORS:
        shown = await someone.open(PASSKEYS)
    shown = await someone.send("remove-passkey")
    assert ("was removed" in shown.text, keyring.rows()) == (True, [])
    await someone.open()
    _, fresh = await someone.set_up()
    assert len(fresh) == 10


async def test_another_passkey_allows_removing_the_lost_one(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    other = Authenticator(ORIGIN)
    shown = await someone.sign_in_by_passkey(keyring.authenticator)
    made = json.dumps(other.create(shown.data("create")))
    await someone.send("add-passkey", needs_script=True, credential=made, name="Other")
    # From here on the first device is lost.
    await someone.sign_in_by_passkey(other)
    shown = await someone.send("remove-passkey", passkey_id=keyring.passkey_ids[0])
    assert ("was removed" in shown.text, [row["name"] for row in keyring.rows()]) == (True, ["Other"])


async def test_after_a_reset_by_an_administrator_the_password_alone_is_enough(site: Service) -> None:
    someone, _, codes = await protected_visitor(site)
    await someone.sign_in()
    support = await signed_in_with(site, "support")
    assert (await support.call("POST", user(someone.person, "factors/reset"))).status_code == 204
    refused = await someone.send("second-factor", code=codes[0])
    assert (refused.status, refused.title) == (422, LOGIN)
    shown = await someone.sign_in()
    assert (shown.title, "You have none yet" in shown.text) == (OWN, True)
    _, fresh = await someone.set_up()
    assert someone.page is not None
    assert (someone.page.title, set(fresh) & set(codes)) == (CODES, set())


async def test_the_application_of_a_new_telephone_replaces_the_lost_one(site: Service) -> None:
    someone, lost, codes = await protected_visitor(site)
    await someone.sign_in()
    await someone.send("second-factor", code=codes[0])
    shown = await someone.send("set-up-application", replace="true")
    application = pyotp.TOTP(shown.codes[0].replace(" ", ""))
    refused = await someone.send("confirm-application", code=wrong(code_of(application, site)))
    assert (refused.status, refused.codes) == (422, shown.codes)
    shown = await someone.send("confirm-application", code=code_of(application, site))
    assert (shown.title, shown.codes, "9 codes are left" in shown.text) == (OWN, [], True)
    site.clock.advance(STEP)
    await someone.sign_in()
    assert (await someone.send("second-factor", code=code_of(lost, site))).status == 422
    assert (await someone.send("second-factor", code=code_of(application, site))).title == OWN
