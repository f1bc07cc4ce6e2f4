"""Which pages there are, and what they offer, by settings and installed extras."""

from __future__ import annotations

import sys

import pytest

from doorward.api.routing import PolicyRoute
from doorward.web.provider.pages import CONSENT
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.visitor import (
    FACTORS,
    OWN,
    PASSKEYS,
    STEP,
    Visitor,
    code_of,
    token_of,
    verified,
)


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


async def test_the_address_of_a_form_shows_the_sign_in_when_it_is_opened_by_itself(site: Service) -> None:
    paths = {route.path for route in site.app.routes if isinstance(route, PolicyRoute) and route.methods == {"POST"}}
    forms = sorted(path for path in paths if path.startswith("/account/") and path != CONSENT)
    assert "/account/second-step" in forms
    for path in forms:
        answer = await site.client.get(path)
        assert (answer.status_code, "<form" in answer.text) == (200, True), path
    assert (await site.client.get(CONSENT)).status_code == 400, "it is for the request of an application"
