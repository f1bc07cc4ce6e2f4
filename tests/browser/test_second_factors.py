"""The pages of second factors in a real browser: the QR code is scanned, and everything else works without scripts."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pyotp
import pytest

from development.client import Person
from tests.browser.inspection import Inspection
from tests.browser.passkeys import NARROWEST, PasskeySite, add_passkey, device, error_message, sign_in_by_password
from tests.browser.tools import read_codes, validation_messages

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

FACTORS: Final = "/account/second-factors"
SIGN_IN: Final = "/account/sign-in"
PHONE_SCREEN: Final[ViewportSize] = {"width": 390, "height": 844}
PIXELS: Final = """
async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  let grey = "";
  for (let i = 0; i < data.length; i += 4) {
    grey += String.fromCharCode((data[i] + data[i + 1] + data[i + 2]) / 3);
  }
  return [image.width, image.height, btoa(grey)];
}
"""


async def scanned(browser: Browser, picture: bytes) -> list[str]:
    """Return the texts that a decoder reads in a screenshot."""
    page = await browser.new_page()
    width, height, grey = await page.evaluate(PIXELS, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    await page.close()
    return read_codes(memoryview(base64.b64decode(grey)).cast("B", (height, width)))


async def sign_in(page: Page, site: PasskeySite, person: Person) -> None:
    await page.context.clear_cookies()
    await page.goto(site.url + FACTORS)
    await page.get_by_label("User name or e-mail address").fill(person.username)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def begin(page: Page) -> pyotp.TOTP:
    """Begin to set up an application; return one with the secret on the page."""
    await page.get_by_role("button", name="Set up an application").click()
    secret = await page.locator("code.secret").inner_text()
    return pyotp.TOTP(secret.replace(" ", ""))


async def confirm(page: Page, application: pyotp.TOTP) -> list[str]:
    """Type the application's code; return the recovery codes."""
    await page.get_by_label("Code that the application shows").fill(application.now())
    await page.get_by_role("button", name="Set it up").click()
    await page.get_by_role("heading", name="Your recovery codes").wait_for()
    codes: list[str] = await page.locator("[data-codes] code").all_inner_texts()
    return codes


def make_stale(site: PasskeySite, person: Person) -> None:
    """Let an hour pass since the person signed in, so that changes require a fresh proof."""
    with psycopg.connect(site.database_url) as connection:
        connection.execute(
            "UPDATE browser_sessions SET authenticated_at = authenticated_at - interval '1 hour' WHERE user_id = %s",
            (person.id,),
        )


async def page_with_console(context: BrowserContext) -> tuple[Page, list[str]]:
    """Return a new page, and the messages of its console except for the status of refused forms."""
    page, complaints = await context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if "422" not in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_an_application_is_set_up_with_the_qr_code_on_the_screen(
    home: PasskeySite, browser: Browser, colours: Any
) -> None:
    person = await home.person()
    context = await browser.new_context(color_scheme=colours, viewport=PHONE_SCREEN)
    page, complaints = await page_with_console(context)
    await sign_in(page, home, person)
    await page.get_by_role("button", name="Set up an application").click()
    link = await page.get_by_role("link", name="Open it in the application").get_attribute("href")
    (address,) = await scanned(browser, await page.screenshot(full_page=True))
    assert address == link
    application = pyotp.parse_uri(address)
    assert isinstance(application, pyotp.TOTP)
    assert (application.name, application.issuer) == (person.username, "localhost")
    assert len(await confirm(page, application)) == 10
    await context.close()
    assert complaints == []


async def type_in(page: Page, *keys: str) -> None:
    """Press the keys Tab and Enter, and type all other texts."""
    for key in keys:
        if key in {"Tab", "Enter"}:
            await page.keyboard.press(key)
        else:
            await page.keyboard.type(key)


async def tab_to(page: Page, field: str) -> None:
    """Press Tab until a field has the focus."""
    while await page.evaluate("document.activeElement.id") != field:
        await page.keyboard.press("Tab")


async def test_a_factor_is_set_up_and_a_recovery_code_used_by_keyboard_without_a_script(
    home: PasskeySite, browser: Browser
) -> None:
    person = await home.person()
    context = await browser.new_context(java_script_enabled=False, viewport=NARROWEST)
    page = await context.new_page()
    await page.goto(home.url + FACTORS)
    await type_in(page, "Tab", person.username, "Tab", person.password, "Enter")
    await page.get_by_role("button", name="Set up an application").press("Enter")
    application = pyotp.TOTP((await page.locator("code.secret").inner_text()).replace(" ", ""))
    await tab_to(page, "code")
    await type_in(page, application.now(), "Enter")
    await page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert not await page.get_by_role("button", name="Copy").is_visible()
    codes = await page.locator("[data-codes] code").all_inner_texts()
    await type_in(page, "Tab", "Enter")
    await page.get_by_role("heading", name="Second factors", exact=True).wait_for()
    await context.clear_cookies()
    await page.goto(home.url + FACTORS)
    await type_in(page, "Tab", person.username, "Tab", person.password, "Enter")
    await page.get_by_role("heading", name="Second step").wait_for()
    # The field of the application's code has the focus; the button and the alternative follow.
    await type_in(page, "Tab", "Tab", "Enter", "Tab", codes[0], "Enter")
    await page.get_by_text("9 codes are left").wait_for()
    assert page.url == home.url + FACTORS
    await context.close()


async def test_recovery_codes_are_copied_and_printed(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    await context.add_init_script("window.print = () => { document.title = 'printed'; }")
    page, complaints = await page_with_console(context)
    await sign_in(page, home, person)
    codes = await confirm(page, await begin(page))
    await page.get_by_role("button", name="Copy").click()
    await page.get_by_text("Copied.").wait_for()
    assert (await page.evaluate("navigator.clipboard.readText()")).splitlines() == codes
    await page.get_by_role("button", name="Print").click()
    assert await page.title() == "printed"
    await page.emulate_media(media="print")
    assert not await page.get_by_role("button").filter(visible=True).count()
    assert await page.get_by_text(codes[0]).is_visible()
    await context.close()
    assert complaints == []


async def test_a_passkey_is_accepted_as_second_factor_and_as_fresh_proof(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page, "Phone")
        await sign_in(one.page, home, person)
        await one.page.get_by_role("button", name="Use your passkey").click()
        await one.page.get_by_role("heading", name="Second factors", exact=True).wait_for()
        make_stale(home, person)
        await one.page.get_by_text("Make new codes").click()
        await one.page.get_by_role("button", name="Make ten new codes").click()
        await one.page.get_by_text("show again that it is you").wait_for()
        await one.page.get_by_role("button", name="Sign in with a passkey").click()
        await one.page.get_by_text("Make new codes").click()
        await one.page.get_by_role("button", name="Make ten new codes").click()
        await one.page.get_by_role("heading", name="Your recovery codes").wait_for()


async def test_a_sign_in_form_on_a_page_of_another_site_is_refused(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    context = await browser.new_context()
    page = await context.new_page()
    fields = f"<input name=username value={person.username}><input name=password value='{person.password}'>"
    await page.goto(f"data:text/html,<form method=post action={home.url}{SIGN_IN}>{fields}<button>Win</button></form>")
    async with page.expect_response(lambda answer: answer.url.endswith(SIGN_IN)) as answered:
        await page.get_by_role("button", name="Win").click()
    assert (await answered.value).status == 403
    await page.get_by_text("A page of another site has sent this form").wait_for()
    assert not [each for each in await context.cookies() if each.get("name") == "doorward_session"]
    await context.close()


async def look_at_a_set_up(seen: Inspection, site: PasskeySite, person: Person) -> str:
    """Set up an application, with a stale proof and a wrong code; return a recovery code."""
    page = seen.page
    await sign_in(page, site, person)
    await page.get_by_role("heading", name="Second factors", exact=True).wait_for()
    await seen.look("own-none")
    make_stale(site, person)
    await seen.press("Set up an application")
    await seen.look("proof-by-password")
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("heading", name="Second factors", exact=True).wait_for()
    await seen.look("own-after-proof")
    application = await begin(page)
    await seen.look("secret")
    await seen.press("Set it up", "Code that the application shows", "x")
    assert "is wrong" in await error_message(page)
    await seen.look("secret-refused")
    codes = await confirm(page, application)
    await seen.look("codes")
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_role("heading", name="Second factors", exact=True).wait_for()
    await seen.look("own")
    return codes[0]


async def look_at_a_sign_in(seen: Inspection, site: PasskeySite, person: Person, code: str) -> None:
    """Sign in by a recovery code after a wrong one, and try a change with a stale proof."""
    page = seen.page
    await sign_in(page, site, person)
    await page.get_by_role("heading", name="Second step").wait_for()
    await seen.look("second-step")
    await seen.press("Use the recovery code", "Recovery code", "x")
    assert "is wrong" in await error_message(page)
    await seen.look("second-step-refused")
    await seen.press("Use the recovery code", "Recovery code", code)
    await page.get_by_text("9 codes are left").wait_for()
    make_stale(site, person)
    await page.get_by_text("Remove it", exact=True).click()
    await seen.press("Remove the application")
    await seen.look("proof-by-factor")


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_and_the_validator_find_nothing_in_any_state(
    home: PasskeySite, browser: Browser, tmp_path: Path, colours: Any
) -> None:
    person = await home.person()
    # The page's Content-Security-Policy would block axe, which the test inserts.
    context = await browser.new_context(color_scheme=colours, viewport=NARROWEST, bypass_csp=True)
    seen = Inspection(await context.new_page())
    for path in ("lost-device", "second-factors"):
        await seen.page.goto(f"{home.url}/account/{path}")
        await seen.look(path)
    code = await look_at_a_set_up(seen, home, person)
    await look_at_a_sign_in(seen, home, person, code)
    await context.close()
    assert (seen.found, validation_messages(seen.shown, tmp_path) if colours == "light" else []) == ([], [])
