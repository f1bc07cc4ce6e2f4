"""A person signs in to a single-page application with oidc-client-ts; nginx protects its API by introspection."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from development.client import http_client
from development.ports import LOOPBACK
from tests.browser.applications import App, add_app, operate, sign_in, window
from tests.browser.foreign import Files, nginx, serving, write_single_page
from tests.browser.passkeys import PasskeySite

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

ORDERS = "https://orders.example.com"
WITHOUT_API = {
    "openid offline_access orders:read": "openid profile email offline_access",
    f'  resource: "{ORDERS}",\n': "",
    "loadUserInfo: false": "loadUserInfo: true",
}


def single_page_app(home: PasskeySite, port: int, *options: str) -> App:
    own = f"http://{LOOPBACK}:{port}/"
    return add_app(home, "--auth-method", "none", "--post-logout-uri", own, *options, redirect_uri=own)


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def stored(page: Page) -> dict[str, str]:
    """Return the data of the user that the library stores."""
    found: dict[str, str] = await page.evaluate("JSON.parse(Object.values(sessionStorage)[0])")
    return found


async def test_a_single_page_application_signs_in_renews_and_signs_out(
    home: PasskeySite, browser: Browser, page_port: int, tmp_path: Path
) -> None:
    app, person = single_page_app(home, page_port), await home.api.register()
    folder = tmp_path / "single_page"
    write_single_page(folder, app, home.url, WITHOUT_API)
    with serving(partial(Files, directory=str(folder)), page_port) as place:
        async with window(browser) as page:
            await page.goto(f"http://{place}/")
            await press(page, "Sign in")
            await sign_in(page, person)
            await press(page, "Allow")
            await page.get_by_text(f"Signed in: {person.username}").wait_for()
            first = await stored(page)
            await press(page, "Renew")
            await page.get_by_text("Renewed").wait_for()
            second = await stored(page)
            assert first["refresh_token"] != second["refresh_token"]
            await press(page, "Sign out")
            await page.get_by_text("Signed out").wait_for()
            assert page.url == f"http://{place}/"
    form = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"], "client_id": app.client_id}
    refused = await home.api.client.post("/oauth/token", data=form)
    assert refused.json()["error"] == "invalid_grant"


def _guard(home: PasskeySite) -> str:
    """Add the API, and nginx as its introspection client; return the credentials of nginx for Basic authentication."""
    added = operate(home, "client", "add", "nginx", "--no-grants")
    client_id, _, secret = added.partition("\t")
    scopes = ("--scope", "orders:read", "--scope", "orders:write")
    operate(home, "resource", "add", ORDERS, *scopes, "--introspection-client", client_id)
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()


async def _narrower(home: PasskeySite, app: App, refresh_token: str) -> str:
    """Return an access token of the session that may not read orders."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": "orders:write"}
    answer = await home.api.client.post("/oauth/token", data={"client_id": app.client_id, **form})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_nginx_accepts_an_access_token_until_its_session_ends(
    home: PasskeySite, browser: Browser, page_port: int, tmp_path: Path
) -> None:
    basic = _guard(home)
    of_orders = ("--scope", "orders:read", "--scope", "orders:write", "--audience", ORDERS)
    app, person = single_page_app(home, page_port, *of_orders), await home.api.register()
    write_single_page(tmp_path / "single_page", app, home.url, {"orders:read": "orders:read orders:write"})
    with nginx(tmp_path, home.url, page_port, basic) as site:
        async with window(browser) as page, http_client(site, timeout=60) as client:
            await page.goto(f"{site}/")
            await press(page, "Sign in")
            await sign_in(page, person)
            await press(page, "Allow")
            await page.get_by_text(f"Signed in: {person.id}").wait_for()
            await press(page, "Call the API")
            await page.get_by_text(f"X-User: {person.id}").wait_for()
            token = (await stored(page))["access_token"]
            bearer = {"Authorization": f"Bearer {token}", "X-User": "another"}
            assert f"X-User: {person.id}\n" in (await client.get("/api/orders", headers=bearer)).text
            narrow = await _narrower(home, app, (await stored(page))["refresh_token"])
            answer = await client.get("/api/orders", headers={"Authorization": f"Bearer {narrow}"})
            refusal = 'Bearer error="insufficient_scope", scope="orders:read"'
            assert (answer.status_code, answer.headers["www-authenticate"]) == (403, refusal)
            await press(page, "Sign out")
            await page.get_by_text("Signed out").wait_for()
            ended = await client.get("/api/orders", headers=bearer)
            assert (ended.status_code, ended.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
            for wrong in ("", "Bearer", "Basic x", "Bearer x&token=y", f"Bearer {token[:-4]}AAAA"):
                assert (await client.get("/api/orders", headers={"Authorization": wrong})).status_code == 401


async def test_nginx_refuses_requests_while_doorward_refuses_the_introspection(
    home: PasskeySite, page_port: int, tmp_path: Path
) -> None:
    write_single_page(tmp_path / "single_page", App("dwc_EXAMPLE", ""), home.url, {})
    with nginx(tmp_path, home.url, page_port, "bm8gY2xpZW50") as site:
        async with http_client(site, timeout=60) as client:
            answer = await client.get("/api/orders", headers={"Authorization": "Bearer of-a-client"})
            assert answer.status_code == 500
    assert "introspection was answered with 401" in (tmp_path / "log").read_text()
