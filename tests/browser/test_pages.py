"""The account pages in a browser: accessibility, a phone's width, keyboard, and no scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from development.client import http_client
from doorward.domain.accounts.links import AccountPage
from tests.browser.conftest import Site
from tests.browser.inspection import findings_of
from tests.browser.passkeys import NARROWEST
from tests.browser.tools import validation_messages

if TYPE_CHECKING:
    from playwright.async_api import Browser

NEW_PASSWORD: Final = "four other random words"
FORMS: Final = tuple(f"/account/{page}" for page in AccountPage)
SHOWN: Final = (*FORMS, "/", "/development/mails")


async def pages_of(site: Site) -> dict[str, str]:
    """Return the HTML of every page, and of every form after it was refused."""
    accept = {"Accept": "text/html"}
    async with http_client(site.url, headers=accept, timeout=60) as client:
        shown = {path.strip("/").replace("/", "-") or "front": (await client.get(path)).text for path in SHOWN}
        refused = {f"{path.rpartition('/')[2]}-refused": (await client.post(path, data={})).text for path in FORMS}
    return shown | refused


async def test_the_html_validator_finds_nothing(site: Site, tmp_path: Path) -> None:
    assert validation_messages(await pages_of(site), tmp_path) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(site: Site, browser: Browser, colours: Any) -> None:
    person = await site.api.register()
    await site.mailed_link(person.email, "e-mail address")
    # The page's Content-Security-Policy would block axe, which the test inserts.
    context = await browser.new_context(color_scheme=colours, viewport=NARROWEST, bypass_csp=True)
    page, found = await context.new_page(), []
    for path in SHOWN:
        await page.goto(site.url + path)
        found += await findings_of(page)
        if await page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"):
            found.append(f"{path}: wider than the screen")
    for path in FORMS:
        await page.goto(site.url + path)
        await page.evaluate("document.forms[0].noValidate = true, document.forms[0].submit()")
        await page.wait_for_selector("[role=alert]")
        found += await findings_of(page)
    await context.close()
    assert found == []


async def test_a_password_is_reset_by_keyboard_and_no_requested_url_contains_the_token(
    site: Site, browser: Browser
) -> None:
    person = await site.api.register()
    await site.api.call("POST", "/api/v1/auth/password/forgot", json={"email": person.email})
    link = await site.mailed_link(person.email, "password")
    token = link.partition("token=")[2]
    context = await browser.new_context()
    page = await context.new_page()
    asked, complaints = [], []
    page.on(
        "request", lambda request: asked.append((request.url.partition("#")[0], request.headers.get("referer", "")))
    )
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(link)
    assert not await page.get_by_label("Code").is_visible()
    # A password that is too short does not use up the link.
    for typed, shown in (("short", "[role=alert]"), (NEW_PASSWORD, "[role=status]")):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "new_password"
        await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await page.wait_for_selector(shown)
    assert token not in await page.content()
    assert token not in page.url
    await context.close()
    assert [addresses for addresses in asked if token in "".join(addresses)] == []
    # The console reports the status of the refused form, 422.
    assert [each for each in complaints if "422" not in each] == []
    assert (await site.api.post_token(person.username, NEW_PASSWORD)).status_code == 200


async def test_an_address_is_verified_with_the_password(site: Site, browser: Browser) -> None:
    person = await site.api.register()
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(await site.mailed_link(person.email, "Confirm"))
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button").click()
    await page.wait_for_selector("[role=status]")
    await context.close()
    pair = await site.api.log_in(person)
    account = await site.api.authorized("GET", "/api/v1/account", pair.access)
    assert account.json()["email_verified"] is True


async def test_without_scripts_every_form_has_visible_fields_with_labels(site: Site, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    for path in FORMS:
        await page.goto(site.url + path)
        fields = page.locator("form input:visible")
        assert await fields.count() >= 2, path
        for field in await fields.all():
            label = page.locator(f"label[for={await field.get_attribute('id')}]")
            assert await label.is_visible(), path
    await context.close()
