"""The pages of passkeys: what forms without a browser's script get, and what pages hold for it."""

import html
import json
import re
from typing import Any

import httpx
import pytest

from development.authenticator import encode
from tests.integration.passkeys.keyring import Keyring, keyring_with_passkey, new_keyring
from tests.integration.service import MakeService, Service

PAGE = "/account/passkeys"
CHANGES = ("/account/add-passkey", "/account/rename-passkey", "/account/remove-passkey")


def data_of(answer: httpx.Response, name: str) -> dict[str, Any]:
    """Return what the page holds for its script."""
    found = re.search(rf'data-{name}="([^"]*)"', answer.text)
    assert found is not None, answer.text
    data: dict[str, Any] = json.loads(html.unescape(found[1]))
    return data


def token_of(answer: httpx.Response) -> str:
    found = re.search(r'name="access_token" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return found[1]


async def sign_in(keyring: Keyring) -> httpx.Response:
    """Sign in as the page's script does."""
    service = keyring.service
    options = data_of(await service.client.get(PAGE), "get")
    signed = json.dumps(keyring.authenticator.get(options))
    return await service.client.post(PAGE, data={"credential": signed})


async def test_the_page_is_kept_by_nobody_sets_no_cookie_and_changes_nothing(site: Service) -> None:
    asked = site.connections_asked_for()
    answer = await site.client.get(PAGE)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert "set-cookie" not in answer.headers
    assert site.connections_asked_for() == asked
    assert (await site.client.get("/account/static/passkeys.js")).headers["content-type"].startswith("text/javascript")


async def test_a_passkey_signs_in_and_is_renamed_and_removed_by_forms(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    shown = await sign_in(keyring)
    assert (shown.status_code, "Last used on" in shown.text) == (200, True)
    form = {"access_token": token_of(shown), "passkey_id": keyring.passkey_ids[0]}
    renamed = await site.client.post("/account/rename-passkey", data={**form, "name": '<b>"&'})
    assert (renamed.status_code, keyring.row()["name"]) == (200, '<b>"&')
    assert "<b>" not in renamed.text
    removed = await site.client.post("/account/remove-passkey", data=form)
    assert (removed.status_code, keyring.rows()) == (200, [])
    assert data_of(removed, "signals")["accepted"]["allAcceptedCredentialIds"] == []
    gone = await site.client.post("/account/sign-out", data={"access_token": token_of(removed)})
    assert gone.status_code == 200
    assert (await site.get_me(token_of(removed))).status_code == 401


async def test_a_passkey_is_added_by_a_form(site: Service) -> None:
    keyring = await new_keyring(site)
    form = {"username": keyring.person.username, "password": keyring.person.password}
    shown = await site.client.post(PAGE, data=form)
    made = json.dumps(keyring.authenticator.create(data_of(shown, "create")))
    added = {"access_token": token_of(shown), "credential": made, "name": "By form"}
    codes = await site.client.post("/account/add-passkey", data=added)
    assert (codes.status_code, keyring.row()["name"]) == (200, "By form")
    answer = await site.client.post("/account/own-passkeys", data={"access_token": token_of(codes)})
    signals = data_of(answer, "signals")
    assert signals["user"] == {
        "rpId": "auth.example.com",
        "userId": encode(keyring.user_id.bytes),
        "name": keyring.person.email,
        "displayName": keyring.person.username,
    }
    assert signals["accepted"]["allAcceptedCredentialIds"] == [encode(keyring.authenticator.credentials[0].id)]
    # The token of before the change is refused, and the form shown again for signing in.
    again = await site.client.post("/account/add-passkey", data=added)
    assert (again.status_code, "data-get" in again.text) == (422, True)


async def test_an_unknown_passkey_is_told_to_the_browser(site: Service) -> None:
    keyring = await new_keyring(site)
    keyring.authenticator.create(await keyring.creation_options())
    answer = await sign_in(keyring)
    assert answer.status_code == 422
    assert data_of(answer, "signals") == {
        "unknown": {"rpId": "auth.example.com", "credentialId": encode(keyring.authenticator.credentials[0].id)}
    }


@pytest.mark.parametrize(
    "credential", ["x", "{}", "null", "[" * 5000, '{"id": "a"}', "\ud800".encode("utf-8", "ignore")]
)
async def test_what_no_script_has_written_is_refused(site: Service, credential: Any) -> None:
    answer = await site.client.post(PAGE, data={"credential": credential or "-"})
    assert (answer.status_code, "was not accepted" in answer.text) == (422, True)


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("token", ["", "x", "eyJ.eyJ.x"])
async def test_without_the_token_of_the_page_nothing_is_changed(site: Service, path: str, token: str) -> None:
    keyring = await keyring_with_passkey(site)
    form = {"access_token": token, "passkey_id": keyring.passkey_ids[0], "name": "theirs", "credential": "{}"}
    answer = await site.client.post(path, data=form)
    assert answer.status_code == 422
    assert keyring.row()["name"] == "Passkey"


@pytest.mark.parametrize("passkey_id", ["", "x", "00000000-0000-0000-0000-000000000000"])
async def test_a_passkey_that_is_none_is_refused_on_the_page(site: Service, passkey_id: str) -> None:
    keyring = await keyring_with_passkey(site)
    form = {"access_token": token_of(await sign_in(keyring)), "passkey_id": passkey_id, "name": "other"}
    for path in CHANGES[1:]:
        answer = await site.client.post(path, data=form)
        assert (answer.status_code, "no passkey of this id" in answer.text) == (422, True)


async def test_a_wrong_password_is_refused_on_the_page(site: Service) -> None:
    keyring = await new_keyring(site)
    form = {"username": keyring.person.username, "password": "not this one"}
    answer = await site.client.post(PAGE, data=form)
    assert (answer.status_code, "is wrong" in answer.text) == (422, True)


async def test_without_an_address_there_is_no_page(make_service: MakeService) -> None:
    service = await make_service()
    assert (await service.client.get(PAGE)).status_code == 404
