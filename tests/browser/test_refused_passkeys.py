"""Refusals of passkeys by browsers and by the service, and the error messages on the pages."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.browser.passkeys import (
    KEY,
    PAGE,
    PasskeySite,
    add_passkey,
    device,
    error_message,
    sign_in_by_passkey,
    sign_in_by_password,
)

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_a_key_without_user_verification_cannot_register_a_passkey(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser, {**KEY, "hasUserVerification": False, "isUserVerified": False}) as one:
        await sign_in_by_password(one.page, home, person)
        await one.page.get_by_role("button", name="Add a passkey").click()
        assert "cancelled, or took too long" in await error_message(one.page)
        assert home.passkeys_of(person) == []


async def test_a_cancelled_ceremony_changes_nothing_and_can_be_retried(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await one.set("setUserVerified", to=False, member="isUserVerified")
        await one.page.get_by_role("button", name="Add a passkey").click()
        assert "cancelled, or took too long" in await error_message(one.page)
        assert home.passkeys_of(person) == []
        await one.set("setUserVerified", to=True, member="isUserVerified")
        await add_passkey(one.page)
        await one.set("setUserVerified", to=False, member="isUserVerified")
        await sign_in_by_passkey(one.page, home)
        assert "cancelled, or took too long" in await error_message(one.page)
        await one.set("setUserVerified", to=True, member="isUserVerified")
        await one.page.get_by_role("button", name="Sign in with a passkey").click()
        await one.page.get_by_role("heading", name="Passkey", exact=True).wait_for()


async def test_a_decreasing_counter_suspends_the_passkey(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page)
        await one.set_counter(100)
        await sign_in_by_passkey(one.page, home)
        await one.page.get_by_role("heading", name="Passkey", exact=True).wait_for()
        await one.set_counter(7)
        await sign_in_by_passkey(one.page, home)
        assert "was not accepted" in await error_message(one.page)
    assert home.passkeys_of(person) == [("Passkey", True)]
    assert "factor.passkey_suspended" in home.events_of(person)


async def test_the_same_authenticator_is_not_added_twice(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page)
        await sign_in_by_passkey(one.page, home)
        await one.page.get_by_role("button", name="Add a passkey").click()
        assert "has a passkey for your account already" in await error_message(one.page)
    assert len(home.passkeys_of(person)) == 1


async def test_a_page_at_another_host_cannot_use_the_passkey(home: PasskeySite, browser: Browser) -> None:
    person = await home.person()
    async with device(browser) as one:
        await sign_in_by_password(one.page, home, person)
        await add_passkey(one.page)
        await one.page.goto(home.url.replace("localhost", "127.0.0.1") + PAGE)
        await one.page.get_by_role("button", name="Sign in with a passkey").click()
        assert "not the one that passkeys are registered for" in await error_message(one.page)


async def test_a_signature_for_another_origin_of_the_same_host_is_refused(
    home: PasskeySite, browser: Browser, tmp_path: Path
) -> None:
    """A page at another port of the host may use the authenticator, but the signed data contain its origin."""
    person = await home.person()
    (tmp_path / "index.html").write_text("<!doctype html><title>Another</title>", encoding="utf-8")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with device(browser) as one:
            await sign_in_by_password(one.page, home, person)
            await add_passkey(one.page)
            options = (await home.api.call("POST", "/api/v1/auth/passkeys/options", json={})).json()
            signed = {}
            for place in (f"http://localhost:{server.server_port}/index.html", home.url + PAGE):
                await one.page.goto(place)
                signed[place] = await one.page.evaluate(SIGN, options)
        server.shutdown()
    path = "/api/v1/auth/passkeys/token"
    answers = [await home.api.call("POST", path, json={"credential": each}) for each in signed.values()]
    assert [answer.status_code for answer in answers] == [401, 200]


SIGN: Final = """
async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}
"""


async def test_a_browser_without_passkeys_signs_in_by_password_and_shows_no_button(
    home: PasskeySite, browser: Browser
) -> None:
    person = await home.person()
    async with device(browser, script="delete window.PublicKeyCredential") as one:
        await one.page.goto(home.url + PAGE)
        assert not await one.page.get_by_role("button", name="Sign in with a passkey").is_visible()
        await one.page.get_by_label("User name or e-mail address").fill(person.username)
        await one.page.get_by_label("Password").fill(person.password)
        await one.page.get_by_role("button", name="Sign in", exact=True).click()
        await one.page.get_by_text("You have no passkey yet").wait_for()
