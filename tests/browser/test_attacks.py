"""Attacks that only a test with a browser can check, in Chromium."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar

from tests.browser.applications import add_app, address, sign_in, window
from tests.browser.foreign import serving
from tests.browser.passkeys import PasskeySite

if TYPE_CHECKING:
    from playwright.async_api import Browser


class Framing(BaseHTTPRequestHandler):
    """The site of an attacker, which shows pages of another site in frames."""

    framed: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        frames = "".join(f'<iframe src="{each.replace("&", "&amp;")}"></iframe>' for each in self.framed)
        body = f"<!doctype html><title>Win a prize</title>{frames}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


async def test_no_page_is_shown_in_a_frame_of_another_site(home: PasskeySite, browser: Browser) -> None:
    app, person = add_app(home), await home.api.register()
    consent = address(home, app)
    framed = [consent, f"{home.url}/account/sign-in", f"{home.url}/oauth/logout", f"{home.url}/oauth/authorize"]

    class Site(Framing):
        pass

    Site.framed = framed
    complaints: list[str] = []
    with serving(Site) as place:
        async with window(browser) as page:
            # The user is signed in and asked for consent: an attacker would put this page under a button.
            await page.goto(consent)
            await sign_in(page, person)
            await page.get_by_role("button", name="Allow").wait_for()
            page.on("console", lambda message: complaints.append(message.text))
            # The service's host is localhost, so 127.0.0.1 is another site.
            await page.goto(f"http://{place}/")
            frames = [frame for frame in page.frames if frame.parent_frame is not None]
            assert len(frames) == len(framed)
            for frame in frames:
                assert await frame.locator("form").count() == 0
    assert sum("frame-ancestors" in text for text in complaints) == len(framed), complaints


async def test_fastmcp_2302_consent_to_an_application_on_the_device_completes(
    home: PasskeySite, browser: Browser
) -> None:
    app, person = add_app(home, "--auth-method", "none", redirect_uri="app.x:/"), await home.api.register()
    complaints: list[str] = []
    gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def requested(event: dict[str, str]) -> None:
        if event["url"].startswith("app.x:") and not gone.done():
            gone.set_result(event["url"])

    async with window(browser) as page:
        page.on("console", lambda message: complaints.append(message.text))
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Page.enable")
        devtools.on("Page.frameRequestedNavigation", requested)
        await page.goto(address(home, app, redirect_uri="app.x:/"))
        await sign_in(page, person)
        await page.get_by_role("button", name="Allow").click()
        async with asyncio.timeout(30):
            assert (await gone).startswith("app.x:/?code=dwa_")
    assert [text for text in complaints if "Content Security Policy" in text] == []
