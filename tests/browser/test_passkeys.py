"""Passkeys in a real browser: Chromium with virtual authenticators, both of phones and security keys."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.browser.inspection import findings_of
from tests.browser.passkeys import (
    KEY,
    NARROWEST,
    PAGE,
    PHONE,
    SYNCHRONISED,
    PasskeySite,
    add_passkey,
    device,
    error_message,
    sign_in_by_passkey,
    sign_in_by_password,
    tab,
)
from tests.browser.tools import validation_messages

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.mark.parametrize("traits", [PHONE, KEY, SYNCHRONISED])
async def test_a_passkey_is_added_used_renamed_and_removed(
    home: PasskeySite, browser: Browser, traits: dict[str, Any]
) -> None:
    person = await home.person()
    async with device(browser, traits) as one:
        complaints: list[str] = []
        one.page.on("console", lambda message: complaints.append(message.text))
        one.page.on("pageerror", lambda error: complaints.append(str(error)))
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page, "My <b>phone</b>")
        assert home.passkeys_of(person) == [("My <b>phone</b>", False)]
        await one.page.get_by_role("button", name="Sign out").click()
        await sign_in_by_passkey(one.page, home)
        await one.page.get_by_role("heading", name="My <b>phone</b>").wait_for()
        await one.page.locator("summary").click()
        await one.page.get_by_label("New name").fill("Old phone")
        await one.page.get_by_role("button", name="Rename").click()
        await one.page.get_by_role("heading", name="Old phone").wait_for()
        await one.page.get_by_role("button", name="Remove Old phone").click()
        await one.page.get_by_text("You have no passkey yet").wait_for()
        assert (home.passkeys_of(person), complaints) == ([], [])


async def test_the_browser_is_notified_of_changed_and_removed_passkeys(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        changed: list[str] = []
        for event in ("credentialUpdated", "credentialDeleted"):
            one.session.on(f"WebAuthn.{event}", functools.partial(lambda name, _: changed.append(name), event))
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page)
        (credential,) = await one.credentials()
        assert (credential["userName"], credential["userDisplayName"]) == (person.email, person.username)
        await one.page.get_by_role("button", name="Sign out").click()
        await sign_in_by_passkey(one.page, home)
        await one.page.get_by_role("button", name="Remove Passkey").click()
        await one.page.get_by_role("status").wait_for()
        while await one.credentials():  # noqa: ASYNC110 - the browser is watched
            await asyncio.sleep(0.02)
        assert {"credentialUpdated", "credentialDeleted"} <= set(changed)


async def test_a_passkey_that_was_removed_elsewhere_is_deleted_by_the_browser_when_used(
    home: PasskeySite, browser: Browser
) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page)
        with psycopg.connect(home.database_url) as connection:
            connection.execute("DELETE FROM passkeys WHERE user_id = %s", (person.id,))
        await sign_in_by_passkey(one.page, home)
        assert "not known here" in await error_message(one.page)
        while await one.credentials():  # noqa: ASYNC110 - the browser is watched
            await asyncio.sleep(0.02)


async def test_autofill_signs_in_with_a_passkey_without_the_button(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser, script="") as one:
        # The page reports no error while there is no passkey.
        await one.page.goto(home.url + PAGE)
        await one.page.wait_for_function("autofill !== null")
        await one.page.wait_for_timeout(300)
        assert not await one.page.locator("[role=alert]:visible").count()
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page, "Offered")
        await one.context.clear_cookies()
        await one.page.goto(home.url + PAGE)
        await one.page.get_by_role("heading", name="Offered").wait_for()


async def test_the_button_works_while_autofill_is_active(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser, script="") as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page, "Pressed")
        await one.context.clear_cookies()
        await one.set("setAutomaticPresenceSimulation", to=False)
        await one.page.goto(home.url + PAGE)
        await one.page.wait_for_function("autofill !== null")
        await one.set("setAutomaticPresenceSimulation", to=True)
        await one.page.get_by_role("button", name="Sign in with a passkey").click()
        await one.page.get_by_role("heading", name="Pressed").wait_for()


async def test_a_change_in_one_tab_invalidates_the_form_in_another_tab(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        other = await tab(one.context)
        await sign_in_by_password(one.page, home, person)
        await other.page.goto(home.url + PAGE)
        # Browsers use authenticators only for the tab in front.
        await one.page.bring_to_front()
        await add_passkey(one.page)
        await other.page.bring_to_front()
        await other.page.get_by_role("button", name="Add a passkey").click()
        assert "open for too long" in await error_message(other.page)
        assert len(home.passkeys_of(person)) == 1


async def test_two_tabs_sign_in_with_separate_challenges(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page, "In both")
        other = await tab(one.context)
        (credential,) = await one.credentials()
        added = {"authenticatorId": other.authenticator, "credential": {**credential, "signCount": 50}}
        await other.session.send("WebAuthn.addCredential", added)
        await one.context.clear_cookies()
        for page in (one.page, other.page):
            await page.goto(home.url + PAGE)
        for page in (one.page, other.page):
            await page.bring_to_front()
            await page.get_by_role("button", name="Sign in with a passkey").click()
            await page.get_by_role("heading", name="In both").wait_for()


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_and_the_validator_find_nothing(
    home: PasskeySite, browser: Browser, tmp_path: Path, colours: Any
) -> None:
    person = await home.person()
    context = await browser.new_context(color_scheme=colours, viewport=NARROWEST, bypass_csp=True)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {**PHONE, "isUserVerified": True, "automaticPresenceSimulation": True}
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await page.goto(home.url + PAGE)
    found, shown = await findings_of(page), {"sign-in": await page.content()}
    await sign_in_by_password(page, home, person)
    await add_passkey(page, "A name that is as long as the name of a passkey may be, and so on")
    await page.locator("summary").click()
    found += await findings_of(page)
    shown["own"] = await page.content()
    if await page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"):
        found.append("wider than the screen")
    await context.close()
    assert (found, validation_messages(shown, tmp_path) if colours == "light" else []) == ([], [])
