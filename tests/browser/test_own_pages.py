"""The pages of the own account and those before the sign-in: accessibility, keyboard, and a telephone's width."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import psycopg
import pytest

from development.client import new_person
from tests.browser.applications import add_app, address, window
from tests.browser.inspection import Inspection
from tests.browser.lighthouse import lighthouse
from tests.browser.passkeys import PasskeySite
from tests.browser.tools import validation_messages

if TYPE_CHECKING:
    from playwright.async_api import Browser

OWN: Final = ("overview", "second-factors", "passkeys", "sessions", "applications", "your-data")
BEFORE: Final = ("sign-in", "register", "forgot-password", "lost-device")


@pytest.mark.parametrize(("colours", "language"), [("light", "de"), ("dark", "en")])
async def test_axe_the_validator_and_lighthouse_find_nothing_on_any_page(
    home: PasskeySite, browser: Browser, debugging_port: int, tmp_path: Path, colours: Any, language: str
) -> None:
    """The validator and Lighthouse run once, because they do not depend on the colour scheme."""
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(window(browser, color_scheme=colours, bypass_csp=True, locale=language))
        seen = Inspection(page)
        if colours == "light":
            seen.lighthouse = await stack.enter_async_context(lighthouse(debugging_port))
        await look_at_every_page(home, seen)
        assert await page.locator("html").get_attribute("lang") == language
    assert (seen.found, validation_messages(seen.shown, tmp_path) if colours == "light" else []) == ([], [])


async def test_lighthouse_lowers_the_score_of_a_page_with_a_fault(browser: Browser, debugging_port: int) -> None:
    async with window(browser) as page, lighthouse(debugging_port) as scores:
        await page.goto("data:text/html,<html lang=en><title>A%20page</title><main><img src=x></main></html>")
        assert "image-alt" in str(await scores.findings_of(page))


async def look_at_every_page(home: PasskeySite, seen: Inspection) -> None:
    app, person, page = add_app(home), new_person(), seen.page
    for name in BEFORE:
        await page.goto(f"{home.url}/account/{name}")
        await seen.look(name)
    await page.goto(f"{home.url}/account/register")
    for label, typed in (("email", person.email), ("username", person.username), ("password", person.password)):
        await page.locator(f"#{label}").fill(typed)
    await page.locator("button[type=submit]").click()
    await page.wait_for_url("**/account/overview")
    await page.goto(address(home, app))
    await seen.look("consent")
    await page.locator("button[value=allow]").click()
    await page.get_by_text("Welcome back").wait_for()
    await page.goto(address(home, app, prompt="select_account"))
    await seen.look("choose")
    for name in OWN:
        await page.goto(f"{home.url}/account/{name}")
        await seen.look(name)
    await page.goto(f"{home.url}/admin/users")
    await seen.look("admin-refused")
    with psycopg.connect(home.database_url) as connection:
        give = "UPDATE users SET roles = '{admin}' WHERE username = %s"
        connection.execute(give, (person.username,))
    await page.goto(f"{home.url}/admin/users?q=ab")
    await seen.look("admin-users-refused")
    await page.goto(f"{home.url}/admin/users")
    await seen.look("admin-users")
    async with page.expect_navigation():
        await page.locator(".list a").first.click()
    await seen.look("admin-user")
    await look_at_administration(seen, home)


async def look_at_administration(seen: Inspection, home: PasskeySite) -> None:
    """Inspect each list, one row of it, and the pages that are shown once."""
    page = seen.page
    for name in ("roles", "invitations", "clients", "webhooks", "dead-letters", "audit"):
        await page.goto(f"{home.url}/admin/{name}")
        await seen.look(f"admin-{name}")
    for row in ("role?name=support", "role?name=admin", "client?id=doorward"):
        await page.goto(f"{home.url}/admin/{row}")
        await seen.look(f"admin-{row}".replace("?", "-"))
    name = f"r{uuid4().hex[:20]}"
    made = (
        ("roles", "create-role", {"name": name}),
        ("clients", "create-client", {"name": "Film list", "redirect_uris": "https://films.example/callback"}),
        ("webhooks", "create-webhook", {"url": "http://127.0.0.1:9/hook"}),
    )
    for place, form, typed in made:
        await page.goto(f"{home.url}/admin/{place}")
        await seen.look(place)
        for field, text in typed.items():
            await page.locator(f"form[action*='/{form}'] [name={field}]").fill(text)
        async with page.expect_navigation():
            await page.locator(f"form[action*='/{form}'] button").click()
        await page.get_by_role("status").wait_for()
        await seen.look(form)
        if await page.locator("code.secret").count():
            async with page.expect_navigation():
                await page.locator("a.button").click()
            await seen.look(f"{form}-made")
    async with page.expect_navigation():
        await page.locator("form[action*='/test-webhook'] button").click()
    await seen.look("admin-webhook-test")


async def test_a_person_registers_and_changes_the_password_by_keyboard_without_a_script(
    home: PasskeySite, browser: Browser
) -> None:
    person = new_person()
    async with window(browser, java_script_enabled=False) as page:
        await page.goto(f"{home.url}/account/sign-in?next=/account/overview")
        await page.get_by_role("link", name="Create an account").press("Enter")
        for typed in (person.email, person.username, person.password):
            await page.keyboard.press("Tab")
            await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Your account").wait_for()
        await page.locator("summary", has_text="Change the password").press("Enter")
        for typed in (person.password, "four other random words"):
            await page.keyboard.press("Tab")
            await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await page.get_by_text("Your password is changed").wait_for()
        # A reload does not repeat the change.
        await page.reload()
        assert not await page.get_by_role("status").count()
    assert (await home.api.post_token(person.username, "four other random words")).status_code == 200


async def test_an_administrator_defines_a_role_by_keyboard_without_a_script(
    home: PasskeySite, browser: Browser
) -> None:
    person, name = await home.person(), f"r{uuid4().hex[:20]}"
    with psycopg.connect(home.database_url) as connection:
        connection.execute("UPDATE users SET roles = '{admin}' WHERE id = %s", (person.id,))
    async with window(browser, java_script_enabled=False) as page:
        await page.goto(f"{home.url}/account/sign-in?next=/account/overview")
        for typed in (person.username, person.password):
            await page.keyboard.press("Tab")
            await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Administration").press("Enter")
        await page.get_by_role("heading", name="Users").wait_for()
        await page.get_by_role("link", name="Roles").press("Enter")
        await page.locator("summary", has_text="Define a role").press("Enter")
        for typed in (name, "The night desk"):
            await page.keyboard.press("Tab")
            await page.keyboard.type(typed)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await page.get_by_text("The role was created").wait_for()
        assert await page.get_by_role("heading", level=1).inner_text() == name
        assert await page.get_by_role("listitem").filter(has_text="admin:users:read").count() == 1
