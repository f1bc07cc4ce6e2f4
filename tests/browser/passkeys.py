"""A browser with virtual authenticators, and a service with passkeys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from development.client import ApiClient, Person

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Page, ViewportSize

NARROWEST: Final[ViewportSize] = {"width": 320, "height": 640}
"""CSS pixels without horizontal scrolling: WCAG 2.2, criterion 1.4.10."""

PAGE: Final = "/account/passkeys"
PHONE: Final = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
KEY: Final = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True}
SYNCHRONISED: Final = {**PHONE, "defaultBackupEligibility": True, "defaultBackupState": True}
WITHOUT_AUTOFILL: Final = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
"""Disables passkey autofill in the browser, since the button is tested."""


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """A service at its own PUBLIC_URL, to which passkeys are bound."""

    url: str
    database_url: str
    api: ApiClient

    async def person(self) -> Person:
        """Register an account with a verified address."""
        person = await self.api.register()
        with psycopg.connect(self.database_url) as connection:
            connection.execute("UPDATE users SET email_verified_at = created_at WHERE id = %s", (person.id,))
        return person

    def passkeys_of(self, person: Person) -> list[tuple[Any, ...]]:
        """Return the names of the passkeys, and whether they are suspended."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(
                "SELECT name, suspended_at IS NOT NULL FROM passkeys WHERE user_id = %s ORDER BY created_at",
                (person.id,),
            ).fetchall()

    def events_of(self, person: Person) -> set[str]:
        with psycopg.connect(self.database_url) as connection:
            found = connection.execute("SELECT type FROM audit_events WHERE user_id = %s", (person.id,)).fetchall()
        return {kind for (kind,) in found}


@dataclass
class Device:
    """A browser and its authenticator."""

    context: BrowserContext
    page: Page
    session: CDPSession
    authenticator: str

    async def credentials(self) -> list[dict[str, Any]]:
        answer = await self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        credentials: list[dict[str, Any]] = answer["credentials"]
        return credentials

    async def set(self, what: str, *, to: bool, member: str = "enabled") -> None:
        await self.session.send(f"WebAuthn.{what}", {"authenticatorId": self.authenticator, member: to})

    async def set_counter(self, sign_count: int) -> None:
        """Replace the credential by a copy with this signature counter."""
        (credential,) = await self.credentials()
        await self.session.send(
            "WebAuthn.removeCredential",
            {"authenticatorId": self.authenticator, "credentialId": credential["credentialId"]},
        )
        await self.session.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self.authenticator, "credential": {**credential, "signCount": sign_count}},
        )


@asynccontextmanager
async def device(
    browser: Browser, traits: dict[str, Any] = PHONE, script: str = WITHOUT_AUTOFILL
) -> AsyncIterator[Device]:
    context = await browser.new_context(viewport=NARROWEST)
    if script:
        await context.add_init_script(script)
    yield await tab(context, traits)
    await context.close()


async def tab(context: BrowserContext, traits: dict[str, Any] = PHONE) -> Device:
    """Open a tab with a separate authenticator."""
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {"isUserVerified": True, "automaticPresenceSimulation": True, **traits}
    added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Device(context, page, session, added["authenticatorId"])


async def sign_in_by_password(page: Page, site: PasskeySite, person: Person) -> None:
    await page.context.clear_cookies()
    await page.goto(site.url + PAGE)
    await page.get_by_label("User name or e-mail address").fill(person.username)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("button", name="Add a passkey").wait_for()


async def add_passkey(page: Page, name: str = "") -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_text("was added").wait_for()
    kept = page.get_by_role("link", name="I have kept them")
    if await kept.count():
        await kept.click()
        await page.get_by_role("heading", name="Add a passkey").wait_for()


async def sign_in_by_passkey(page: Page, site: PasskeySite) -> None:
    await page.context.clear_cookies()
    await page.goto(site.url + PAGE)
    await page.get_by_role("button", name="Sign in with a passkey").click()


async def error_message(page: Page) -> str:
    """Return the error message on the page."""
    place = page.locator("[role=alert]:visible")
    await place.wait_for()
    text: str = await place.inner_text()
    return text
