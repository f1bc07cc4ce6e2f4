"""Takes screenshots of every page with Debian's Chromium, in light and dark mode and at phone width, for review.

Run: uv run --group browser python -m development.photographs --folder FOLDER [--language de] [--only consent]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import psycopg
import pyotp

from development.client import PASSWORD, Person
from development.ports import free_port
from development.proof.service import own_database, proof_settings, running_service
from doorward.domain.accounts.links import AccountPage
from doorward.domain.oauth.pkce import challenge_of

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, ViewportSize

CALLBACK: Final = "https://films.example/callback"
_ACME: Final = {
    "name": "acme",
    "label": "ACME",
    "issuer": "https://acme.example",
    "client_id": "doorward",
    "client_secret": "-",
}
"""Makes the button appear; the screenshots never follow it."""
DESKTOP: Final[ViewportSize] = {"width": 1100, "height": 800}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
VARIANTS: Final = (
    ("light", DESKTOP, "ada"),
    ("dark", DESKTOP, "grace"),
    ("light", PHONE, "alan"),
    ("dark", PHONE, "barbara"),
)
"""The colour scheme, the screen size, and the user of each series."""
_WEBHOOKS: Final = {"WEBHOOKS_ENABLED": "true", "WEBHOOK_NETWORKS": "127.0.0.0/8"}
_PARTS: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class ScreenshotContext:
    """The service, its database, a registered application, and the folder for the screenshots."""

    url: str
    database_url: str
    client_id: str
    folder: Path
    only: str

    def authorize(self, **more: str) -> str:
        """Return the URL to which the application redirects browsers."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email offline_access",
            "code_challenge": challenge_of("a verifier that nothing is redeemed with" * 2),
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.url}/oauth/authorize?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Walk:
    """One user's walk through all pages, with one colour scheme and screen size."""

    context: ScreenshotContext
    page: Page
    variant: str
    username: str

    async def shoot(self, name: str) -> None:
        """Take a screenshot of the current page."""
        if self.context.only in name:
            await self.page.screenshot(path=self.context.folder / f"{name}-{self.variant}.png", full_page=True)

    async def open(self, path: str, name: str = "") -> None:
        """Open a page, and take a screenshot."""
        await self.page.goto(path if path.startswith("http") else f"{self.context.url}{path}")
        await self.shoot(name or _PARTS.sub("-", path.removeprefix("/account/").strip("/")))

    async def send(self, form: str, *, button: str = "button[type=submit]", **typed: str) -> None:
        """Fill in and submit the form with this action; it may be in a closed details element."""
        await self._open_details()
        # The action's query selects the language.
        found = self.page.locator(f"form[action*='/{form}']:not([hidden])").first
        for name, text in typed.items():
            await found.locator(f"[name={name}]:not([type=hidden])").fill(text)
        await found.locator(button).first.click()
        await self.page.wait_for_load_state()

    async def run(self) -> None:
        """Take all screenshots."""
        person = Person("", f"{self.username}@example.com", self.username, PASSWORD)
        await self._before_signing_in(person)
        await self._own_pages(person)
        await self._administration(person)
        await self._at_an_application()

    async def _before_signing_in(self, person: Person) -> None:
        for page in (*(str(each) for each in AccountPage), "lost-device", "forgot-password", "sign-in", "register"):
            await self.open(f"/account/{page}")
        await self.page.goto(f"{self.context.url}/account/sign-in")
        await self.send("sign-in", username=person.username, password="another password")  # noqa: S106 - a wrong one
        await self.shoot("sign-in-refused")
        await self.page.goto(f"{self.context.url}/account/forgot-password")
        await self.send("forgot-password", email=person.email)
        await self.shoot("forgot-password-sent")
        await self.page.goto(f"{self.context.url}/account/register")
        await self.send("register", email=person.email, username=person.username, password=person.password)
        await self.page.wait_for_url("**/account/overview")
        await self.shoot("overview")
        with psycopg.connect(self.context.database_url) as connection:
            link = (
                "INSERT INTO federated_identities (issuer, subject, user_id, created_at)"
                " SELECT 'https://acme.example', username, id, created_at FROM users WHERE username = %s"
            )
            connection.execute(link, (person.username,))
            verify = "UPDATE users SET email_verified_at = created_at WHERE username = %s"
            connection.execute(verify, (person.username,))

    async def _own_pages(self, person: Person) -> None:
        for page in ("second-factors", "passkeys", "sessions", "applications", "identities", "your-data"):
            await self.open(f"/account/{page}")
        await self.page.goto(f"{self.context.url}/account/second-factors")
        await self.send("set-up-application")
        await self.shoot("set-up-application")
        secret = await self.page.locator("code.secret").inner_text()
        application = pyotp.TOTP(secret.replace(" ", ""))
        await self.send("confirm-application", code=application.now())
        await self.shoot("recovery-codes")
        code = await self.page.locator("[data-codes] code").first.inner_text()
        await self.open("/account/second-factors", "second-factors-set-up")
        await self._open_details()
        await self.shoot("second-factors-open")
        await self.page.goto(f"{self.context.url}/account/overview")
        await self._open_details()
        await self.shoot("overview-open")
        await self.send("sign-out")
        await self.shoot("signed-out")
        await self.page.goto(f"{self.context.url}/account/sign-in")
        await self.send("sign-in", username=person.username, password=person.password)
        await self.shoot("second-factor")
        await self.page.locator("summary").click()
        await self.page.locator("#recovery-code").fill(code)
        await self.page.locator("details button").click()
        await self.page.get_by_role("status").wait_for()
        await self.shoot("signed-in")

    async def _administration(self, person: Person) -> None:
        await self.open("/admin/users", "admin-refused")
        with psycopg.connect(self.context.database_url) as connection:
            give = "UPDATE users SET roles = '{admin}' WHERE username = %s RETURNING id"
            row = connection.execute(give, (person.username,)).fetchone()
        await self.open("/admin/users", "admin-users")
        await self._open_details()
        await self.shoot("admin-users-open")
        await self.open(f"/admin/user?id={row[0]}" if row else "/admin/users", "admin-user")
        await self._open_details()
        await self.shoot("admin-user-open")
        await self._administered(f"/admin/audit?user_id={row[0]}" if row else "/admin/audit")
        # The last administrator cannot be deleted, and this user is deleted below.
        with psycopg.connect(self.context.database_url) as connection:
            connection.execute("UPDATE users SET roles = '{}' WHERE username = %s", (person.username,))

    async def _administered(self, audit: str) -> None:
        for page in ("roles", "invitations", "clients", "webhooks", "dead-letters"):
            await self.open(f"/admin/{page}")
            await self._open_details()
            await self.shoot(f"admin-{page}-open")
        await self.open("/admin/role?name=support", "admin-role-built-in")
        await self.page.goto(f"{self.context.url}/admin/roles")
        await self.send("create-role", name=f"night-{self.username}", description="The night desk")
        await self._open_details()
        await self.shoot("admin-role-open")
        await self.open(f"/admin/client?id={self.context.client_id}", "admin-client")
        await self._open_details()
        await self.shoot("admin-client-open")
        await self.send("rotate-client-secret")
        await self.shoot("admin-client-secret")
        await self.page.goto(f"{self.context.url}/admin/invitations")
        await self.send("invite", email=f"{self.username}@films.example")
        await self.shoot("admin-invitations-sent")
        await self.page.goto(f"{self.context.url}/admin/webhooks")
        await self.send("create-webhook", url="http://127.0.0.1:9/doorward", description="The shop's customers")
        await self.shoot("admin-webhook-secret")
        await self.page.locator("a.button").click()
        await self._open_details()
        await self.shoot("admin-webhook-open")
        await self.send("test-webhook")
        await self.shoot("admin-webhook-test")
        await self._dead_letter()
        await self.open("/admin/dead-letters", "admin-dead-letters-two")
        await self.open(audit, "admin-audit")
        await self._open_details()
        await self.shoot("admin-audit-open")

    async def _dead_letter(self) -> None:
        with psycopg.connect(self.context.database_url) as connection:
            connection.execute(
                "INSERT INTO outbox (message_id, channel, kind, payload, endpoint, dead_reason, died_at, attempts)"
                " SELECT gen_random_uuid(), 'webhook', 'user.registered', '{}', id, 'status_500', now(), 10"
                " FROM webhook_endpoints"
            )

    async def _open_details(self) -> None:
        await self.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    async def _at_an_application(self) -> None:
        await self.open(self.context.authorize(), "consent")
        await self.page.route(f"{CALLBACK}*", lambda route: route.fulfill(body="Welcome back"))
        await self.send("consent")
        await self.page.get_by_text("Welcome back").wait_for()
        await self.open("/account/applications", "applications-one")
        await self.open(self.context.authorize(prompt="select_account"), "choose-account")
        await self.open(self.context.authorize(prompt="login"), "sign-in-again")
        await self.open("/oauth/authorize?client_id=unknown", "error")
        await self.open("/oauth/logout", "sign-out")
        await self.page.goto(f"{self.context.url}/account/your-data")
        await self.send("delete")
        await self.page.get_by_role("status").wait_for()
        await self.shoot("deleted")


def _application(settings: dict[str, str]) -> str:
    """Add an application with the command `client add`; return its id."""
    scopes = [part for scope in ("openid", "profile", "email", "offline_access") for part in ("--scope", scope)]
    command = ["client", "add", "Film list", "--redirect-uri", CALLBACK, *scopes]
    added = subprocess.run(
        [sys.executable, "-m", "doorward", *command],
        check=True,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    return added.stdout.partition("\t")[0].strip()


async def _walk(browser: Browser, context: ScreenshotContext, language: str) -> None:
    for colours, screen, username in VARIANTS:
        browser_context = await browser.new_context(
            color_scheme="dark" if colours == "dark" else "light", viewport=screen, locale=language
        )
        variant = f"{colours}-{'phone' if screen is PHONE else 'desktop'}"
        await Walk(context, await browser_context.new_page(), variant, username).run()
        await browser_context.close()


async def _photograph(context: ScreenshotContext, language: str) -> None:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - it comes with the group `browser`

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        await _walk(browser, context, language)
        await browser.close()


def main() -> int:
    """Take all screenshots; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m development.photographs")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--only", default="", help="photograph those whose name has this in it")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://localhost:{port}"
    with own_database() as database:
        brand = {name: value for name, value in os.environ.items() if name.startswith("BRAND_")}
        providers = json.dumps([_ACME])
        settings = proof_settings(
            database, PUBLIC_URL=url, BACKGROUND="off", LOGIN_PROVIDERS=providers, **_WEBHOOKS, **brand
        )
        with running_service(settings, port=port):
            context = ScreenshotContext(url, database, _application(settings), given.folder, given.only)
            asyncio.run(_photograph(context, given.language))
    return 0


if __name__ == "__main__":
    sys.exit(main())
