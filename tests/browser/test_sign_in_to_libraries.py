"""A person signs in with doorward to third-party libraries other than those of test_sign_in.py."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.browser.applications import CALLBACK, SCOPE, App, add_app, came_back, node_client, sign_in, window
from tests.browser.passkeys import PasskeySite
from tests.interop.programs import python_package

if TYPE_CHECKING:
    from playwright.async_api import Browser

SERVICES = "idpyoidc.client.oidc"


async def test_a_person_signs_in_to_a_public_client_with_oauth4webapi(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home, "--auth-method", "none"), await home.api.register()
    known = {"issuer": home.url, "client_id": app.client_id, "redirect_uri": CALLBACK}
    begun = await asyncio.to_thread(node_client, "begin", "sign_in_public", **known)
    async with window(browser) as page:
        await page.goto(begun["address"])
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        callback = await came_back(page)
    done = await asyncio.to_thread(node_client, "finish", "sign_in_public", **known, **begun, callback=callback)
    seen = (done["sub"], done["username"], done["email"], set(done["scope"].split()))
    assert seen == (person.id, person.username, person.email, set(SCOPE.split()))


def _relying_party(issuer: str, app: App) -> Any:
    """Return idpyoidc's client with its documented configuration."""
    services = {
        "discovery": f"{SERVICES}.provider_info_discovery.ProviderInfoDiscovery",
        "authorization": f"{SERVICES}.authorization.Authorization",
        "accesstoken": f"{SERVICES}.access_token.AccessToken",
        "userinfo": f"{SERVICES}.userinfo.UserInfo",
        "refresh_token": f"{SERVICES}.refresh_access_token.RefreshAccessToken",
        "end_session": f"{SERVICES}.end_session.EndSession",
    }
    configuration = {
        "issuer": issuer,
        "client_id": app.client_id,
        "client_secret": app.secret,
        "redirect_uris": [CALLBACK],
        "client_type": "oidc",
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email"],
        "services": {name: {"class": path} for name, path in services.items()},
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
            }
        },
    }
    handler = python_package("idpyoidc.client.rp_handler").RPHandler
    return handler(base_url="https://app.example", client_configs={"doorward": configuration})


async def test_a_person_signs_in_to_an_application_with_idpyoidc(
    home: PasskeySite, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library writes its keys to the current folder.
    monkeypatch.chdir(tmp_path)
    app, person = add_app(home), await home.api.register()
    party = _relying_party(home.url, app)
    begun = await asyncio.to_thread(party.begin, "doorward")
    async with window(browser) as page:
        await page.goto(begun if isinstance(begun, str) else begun["url"])
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        callback = await came_back(page)
        came = dict(parse_qsl(urlsplit(callback).query))
        done = await asyncio.to_thread(party.finalize, home.url, came)
        assert (done["userinfo"]["sub"], done["userinfo"]["email"]) == (person.id, person.email), done
        assert done["id_token"]["sub"] == person.id
        bye = await asyncio.to_thread(party.logout, done["state"])
        await page.goto(bye["url"])
        await page.get_by_text("You are signed out.").wait_for()
