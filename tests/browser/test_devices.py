"""A person with a browser, Chromium, signs in to a device without one, such as a television."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import httpx

from development.client import http_client
from tests.browser.applications import App, add_app, sign_in, window
from tests.browser.inspection import findings_of
from tests.browser.passkeys import PasskeySite

if TYPE_CHECKING:
    from playwright.async_api import Browser

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"


async def ask(site: PasskeySite, app: App, path: str, **form: str) -> httpx.Response:
    """Send a form as the device."""
    async with http_client(site.url, timeout=60) as http:
        return await http.post(path, data=form, auth=(app.client_id, app.secret))


async def test_a_person_signs_in_to_a_device_with_the_code_that_it_shows(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home, "--grant", GRANT, "--grant", "refresh_token"), await home.api.register()
    shown = (await ask(home, app, "/oauth/device_authorization", scope="openid")).json()
    async with window(browser) as page:
        await page.goto(shown["verification_uri"])
        await sign_in(page, person)
        await page.get_by_label("Code").wait_for()
        assert await findings_of(page) == []
        await page.get_by_label("Code").fill(f"{'B' * 4} {secrets.choice('CD') * 4}")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").get_by_text("No device shows this code.").wait_for()
        assert await findings_of(page) == []
        await page.get_by_label("Code").fill(shown["user_code"].lower().replace("-", " "))
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("heading", name="Film list asks for access").wait_for()
        assert await page.get_by_text(shown["user_code"]).is_visible()
        assert await findings_of(page) == []
        await page.get_by_role("button", name="Allow").click()
        await page.get_by_text("The device is signed in.").wait_for()
    answer = await ask(home, app, "/oauth/token", grant_type=GRANT, device_code=shown["device_code"])
    assert set(answer.json()) >= {"access_token", "refresh_token", "id_token"}


async def test_the_complete_url_of_a_device_fills_in_its_code_and_still_requires_consent(
    home: PasskeySite, browser: Browser
) -> None:
    app, person = add_app(home, "--grant", GRANT, "--first-party"), await home.api.register()
    shown = (await ask(home, app, "/oauth/device_authorization", scope="openid")).json()
    async with window(browser) as page:
        await page.goto(shown["verification_uri_complete"])
        await sign_in(page, person)
        await page.get_by_label("Code").wait_for()
        assert await page.get_by_label("Code").input_value() == shown["user_code"]
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_text("The device is not signed in.").wait_for()
        await page.goto(shown["verification_uri_complete"])
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_text("No device shows this code.").wait_for()
    answer = await ask(home, app, "/oauth/token", grant_type=GRANT, device_code=shown["device_code"])
    assert answer.json()["error"] == "access_denied"
