"""The pages and their content, depending on settings and installed extras."""

from __future__ import annotations

import sys

import pytest

from doorward.api.routing import PolicyRoute
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.visitor import (
    FACTORS,
    OWN,
    PASSKEYS,
    SECOND_STEP,
    STEP,
    Visitor,
    code_of,
    verified,
)


async def test_without_passkeys_the_pages_do_not_mention_them(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "webauthn", None)
    service = await make_service(public_url=ORIGIN)
    someone = Visitor(service, await verified(service))
    shown = await someone.open()
    assert (shown.status, "passkeys.js" in shown.answer.text) == (200, False)
    assert "Sign in with a passkey" not in shown.text
    shown = await someone.sign_in()
    assert (shown.title, "Passkeys" in shown.text) == (OWN, False)
    application, _ = await someone.set_up()
    service.clock.advance(STEP)
    await someone.sign_in()
    refused = await someone.send("second-factor", credential="{}")
    assert (refused.status, refused.title) == (422, SECOND_STEP)
    shown = await someone.send("second-factor", code=code_of(application, service))
    assert shown.title == OWN
    assert (await service.client.get(PASSKEYS)).status_code == 404


async def test_without_the_qr_code_package_the_secret_is_shown_as_text(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    service = await make_service(public_url=ORIGIN)
    someone = Visitor(service, await verified(service))
    await someone.sign_in()
    shown = await someone.send("set-up-application")
    assert (shown.pictures, len(shown.codes)) == ([], 1)
    pair = await service.log_in(someone.person)
    answer = await service.authorized("POST", "/api/v1/account/second-factors/totp", pair.access)
    assert answer.json()["qr"] is None
    await someone.set_up_with(shown)


@pytest.mark.parametrize("address", ["http://192.0.2.1:8000", "http://auth.example.com"])
async def test_without_the_provider_there_are_no_sign_in_pages(make_service: MakeService, address: str) -> None:
    service = await make_service(environment="production", bcrypt_rounds=10, public_url=address)
    for path in (FACTORS, "/account", "/account/overview", "/account/sign-in", "/account/lost-device"):
        assert (await service.client.get(path)).status_code == 404, path
    invitation = await service.client.get("/account/accept-invitation")
    assert (invitation.status_code, "sign-in" in invitation.text) == (200, False)


async def test_without_a_public_url_there_is_no_page(make_service: MakeService) -> None:
    service = await make_service()
    for path in (FACTORS, "/account/lost-device"):
        assert (await service.client.get(path)).status_code == 404


async def test_opening_the_url_of_a_form_shows_its_page(site: Service) -> None:
    paths = {route.path for route in site.app.routes if isinstance(route, PolicyRoute) and route.methods == {"POST"}}
    forms = sorted(path for path in paths if path.startswith("/account/"))
    assert "/account/second-factor" in forms
    someone = Visitor(site, await site.register())
    for path in forms:
        shown = await someone.open(path)
        # Two of them exist only within the request of an application.
        expected = 400 if path in {"/account/consent", "/account/choose"} else 200
        assert (shown.status, bool(shown.forms)) == (expected, expected == 200), path
