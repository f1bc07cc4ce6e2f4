"""The pages of passkeys: their forms without a script, and their data for the script."""

import json
from typing import Any

import pytest

from development.authenticator import encode
from tests.integration.passkeys.keyring import Keyring, keyring_with_passkey, new_keyring
from tests.integration.service import MakeService, Service
from tests.integration.web.visitor import CODES, KEYS, LOGIN, PASSKEYS, SIGN_IN, Visitor, is_live

CHANGES = ("add-passkey", "rename-passkey", "remove-passkey")


async def visitor_with_passkey(site: Service) -> tuple[Visitor, Keyring]:
    """Return a person who has signed in by a passkey, and its keyring."""
    keyring = await keyring_with_passkey(site)
    someone = Visitor(site, keyring.person)
    assert (await someone.sign_in_by_passkey(keyring.authenticator)).title == KEYS
    return someone, keyring


async def test_the_page_is_not_cached_and_uses_no_database(site: Service) -> None:
    asked = site.connections_asked_for()
    answer = await site.client.get(SIGN_IN, params={"next": PASSKEYS})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert site.connections_asked_for() == asked
    assert (await site.client.get("/account/static/passkeys.js")).headers["content-type"].startswith("text/javascript")


async def test_a_passkey_signs_in_and_is_renamed_and_removed_by_forms(site: Service) -> None:
    someone, keyring = await visitor_with_passkey(site)
    assert someone.page is not None
    assert "Last used on" in someone.page.text
    renamed = await someone.send("rename-passkey", name='<b>"&')
    assert (renamed.status, keyring.row()["name"]) == (200, '<b>"&')
    assert "<b>" not in renamed.answer.text
    removed = await someone.send("remove-passkey")
    assert (removed.status, keyring.rows()) == (200, [])
    assert removed.data("signals")["accepted"]["allAcceptedCredentialIds"] == []
    cookie = someone.cookie
    assert (await someone.send("sign-out")).title == "Signed out"
    assert (await is_live(site, cookie), someone.cookie) == (False, "")


async def test_a_passkey_is_added_by_a_form(site: Service) -> None:
    keyring = await new_keyring(site)
    someone = Visitor(site, keyring.person)
    shown = await someone.sign_in(PASSKEYS)
    made, before = json.dumps(keyring.authenticator.create(shown.data("create"))), someone.cookie
    form = {**shown.form("add-passkey", needs_script=True).fields, "credential": made, "name": "By form"}
    codes = await someone.post("add-passkey", form)
    assert (codes.status, codes.title, keyring.row()["name"]) == (200, CODES, "By form")
    signals = (await someone.open(PASSKEYS)).data("signals")
    assert signals["user"] == {
        "rpId": "auth.example.com",
        "userId": encode(keyring.user_id.bytes),
        "name": keyring.person.email,
        "displayName": keyring.person.username,
    }
    assert signals["accepted"]["allAcceptedCredentialIds"] == [encode(keyring.authenticator.credentials[0].id)]
    # The session from before the change has ended, so its form token is not valid any more.
    assert not await is_live(site, before)
    again = await someone.post("add-passkey", form)
    assert (again.status, "open for too long" in again.text) == (422, True)


async def test_an_unknown_passkey_is_reported_to_the_browser(site: Service) -> None:
    keyring = await new_keyring(site)
    keyring.authenticator.create(await keyring.creation_options())
    shown = await Visitor(site, keyring.person).sign_in_by_passkey(keyring.authenticator)
    assert (shown.status, shown.title) == (422, LOGIN)
    assert shown.data("signals") == {
        "unknown": {"rpId": "auth.example.com", "credentialId": encode(keyring.authenticator.credentials[0].id)}
    }


@pytest.mark.parametrize(
    "credential", ["x", "{}", "null", "[" * 5000, '{"id": "a"}', "\ud800".encode("utf-8", "ignore")]
)
async def test_an_invalid_credential_is_refused(site: Service, credential: Any) -> None:
    someone = Visitor(site, await site.register())
    await someone.open(PASSKEYS)
    refused = await someone.send("sign-in", needs_script=True, credential=credential or "-")
    assert (refused.status, "was not accepted" in refused.text) == (422, True)


@pytest.mark.parametrize("action", CHANGES)
@pytest.mark.parametrize("form_token", ["", "x", "0" * 64])
async def test_without_the_form_token_of_the_page_nothing_is_changed(
    site: Service, action: str, form_token: str
) -> None:
    someone, keyring = await visitor_with_passkey(site)
    form = {"form_token": form_token, "passkey_id": keyring.passkey_ids[0], "name": "theirs", "credential": "{}"}
    assert (await someone.post(action, form)).status == 422
    assert keyring.row()["name"] == "Passkey"


@pytest.mark.parametrize("passkey_id", ["", "x", "00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_passkey_id_is_refused_on_the_page(site: Service, passkey_id: str) -> None:
    someone, _ = await visitor_with_passkey(site)
    for action in CHANGES[1:]:
        shown = await someone.send(action, passkey_id=passkey_id, name="other")
        assert (shown.status, "no passkey of this id" in shown.text) == (422, True)


async def test_a_wrong_password_is_refused_on_the_page(site: Service) -> None:
    someone = Visitor(site, await site.register())
    refused = await someone.sign_in(PASSKEYS, "not this one")
    assert (refused.status, "is wrong" in refused.text) == (422, True)


async def test_without_a_public_url_there_is_no_page(make_service: MakeService) -> None:
    service = await make_service()
    assert (await service.client.get(PASSKEYS)).status_code == 404
