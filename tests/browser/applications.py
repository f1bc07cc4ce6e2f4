"""Third-party applications to which a person signs in with a real browser."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from development.client import Person
from development.proof.service import proof_settings
from doorward.domain.oauth.pkce import challenge_of
from tests.browser.passkeys import NARROWEST, PasskeySite
from tests.interop.programs import FOLDER, node_package, run_node

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CALLBACK: Final = "https://app.example/callback"
SCOPE: Final = "openid profile email offline_access"
VERIFIER: Final = secrets.token_urlsafe(48)
"""The PKCE code verifier of the requests that `address` makes."""


@dataclass(frozen=True, slots=True)
class App:
    """An OAuth client that the operator has added."""

    client_id: str
    secret: str


def operate(site: PasskeySite, *command: str) -> str:
    """Run an operator's command; return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "doorward", *command],
        check=True,
        env={**os.environ, **proof_settings(site.database_url, PUBLIC_URL=site.url)},
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def add_app(site: PasskeySite, *options: str, redirect_uri: str = CALLBACK) -> App:
    """Add a client with the command `client add`."""
    scopes = [part for scope in SCOPE.split() for part in ("--scope", scope)]
    added = operate(site, "client", "add", "Film list", "--redirect-uri", redirect_uri, *scopes, *options)
    client_id, _, secret = added.partition("\t")
    return App(client_id, secret)


def address(site: PasskeySite, app: App, **more: str) -> str:
    """Return the URL of the authorization endpoint to which an application redirects a browser."""
    asked = {
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": "the state",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **more,
    }
    return f"{site.url}/oauth/authorize?{urlencode(asked)}"


@asynccontextmanager
async def window(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """Yield a page of a browser without cookies, in which the application's redirect URI answers."""
    context = await browser.new_context(viewport=NARROWEST, **options)
    await context.route(f"{CALLBACK}*", lambda route: route.fulfill(body="Welcome back"))
    yield await context.new_page()
    await context.close()


async def sign_in(page: Page, person: Person) -> None:
    """Fill in and submit the sign-in form."""
    await page.get_by_label("User name or e-mail address").fill(person.username)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def came_back(page: Page) -> str:
    """Wait until the browser is back at the application; return the URL with its parameters."""
    await page.get_by_text("Welcome back").wait_for()
    address: str = page.url
    return address


def node_client(function: str, module: str = "sign_in", **given: object) -> dict[str, Any]:
    """Run a step of a client in JavaScript."""
    node_package("openid-client")
    answer: dict[str, Any] = json.loads(run_node(FOLDER / "clients" / "run.mjs", module, function, given=given))
    return answer
