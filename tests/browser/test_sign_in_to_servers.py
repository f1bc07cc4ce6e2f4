"""A person signs in with doorward to third-party servers, which are configured with examples/sign_in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from development.ports import free_port
from tests.browser.applications import add_app, sign_in, window
from tests.browser.foreign import apache, jupyterhub
from tests.browser.passkeys import PasskeySite

if TYPE_CHECKING:
    from playwright.async_api import Browser

OPENID = ("--scope", "openid", "--scope", "profile", "--scope", "email")


async def test_mod_auth_openidc_signs_a_person_in_and_out(home: PasskeySite, browser: Browser, tmp_path: Path) -> None:
    port, person = free_port(), await home.api.register()
    place = f"http://localhost:{port}"
    app = add_app(home, "--post-logout-uri", f"{place}/bye", redirect_uri=f"{place}/private/signed-in")
    with apache(tmp_path, home.url, port, app) as site:
        async with window(browser) as page:
            await page.goto(f"{site}/private/page")
            await sign_in(page, person)
            await page.get_by_role("button", name="Allow").click()
            await page.get_by_text("OIDC_CLAIM_sub").wait_for()
            seen = dict(line.split(": ", 1) for line in (await page.inner_text("body")).splitlines() if ": " in line)
            assert (seen["OIDC_CLAIM_sub"], seen["OIDC_CLAIM_email"]) == (person.id, person.email)
            assert page.url == f"{site}/private/page"
            # Header fields of the module that a client sends do not reach the application.
            await page.set_extra_http_headers({"OIDC_CLAIM_sub": "another", "OIDC-CLAIM-sub": "another"})
            await page.goto(f"{site}/private/page")
            assert "another" not in await page.inner_text("body")
            assert f"OIDC_CLAIM_sub: {person.id}" in await page.inner_text("body")
            await page.goto(f"{site}/private/signed-in?logout={place}/bye")
            assert page.url.partition("?")[0] == f"{place}/bye"
            await page.goto(f"{site}/private/page")
            await page.get_by_label("Password").wait_for()


async def test_jupyterhub_signs_a_person_in(home: PasskeySite, browser: Browser, tmp_path: Path) -> None:
    port, person = free_port(), await home.api.register()
    app = add_app(home, redirect_uri=f"http://127.0.0.1:{port}/hub/oauth_callback")
    with jupyterhub(tmp_path, home.url, port, app) as site:
        async with window(browser) as page:
            await page.goto(f"{site}/hub/login")
            await page.get_by_role("button", name="Sign in with").click()
            await sign_in(page, person)
            await page.get_by_role("button", name="Allow").click()
            await page.wait_for_url(f"{site}/hub/home")
            assert person.username in await page.content()
            await page.goto(f"{site}/hub/logout")
            await page.get_by_text("Sign out?").wait_for()
            assert page.url == f"{home.url}/oauth/logout"
        assert f"User logged in: {person.username}" in (tmp_path / "log").read_text()
