"""Sign-in with another OpenID provider, oidc-provider, with a real browser on the pages of both services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import pytest

from development.client import ApiClient, http_client
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate
from tests.browser.applications import add_app, address, came_back, sign_in, window
from tests.browser.inspection import Inspection
from tests.browser.passkeys import PasskeySite
from tests.browser.tools import validation_messages
from tests.integration.federation.visitors import setting
from tests.interop.issuers.node_provider import SECRET, node_provider

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

DATABASE: Final = "browser_login_providers"


@pytest.fixture(scope="module")
def trusting_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    migrate(postgres.url(DATABASE))
    port = free_port()
    url = f"http://localhost:{port}"
    with node_provider(f"{url}/account/back-from-acme") as provider:
        entry = {
            "name": "acme",
            "label": "ACME",
            "issuer": provider.issuer,
            "client_id": "doorward",
            "client_secret": SECRET,
            "allow_private_addresses": True,
        }
        settings = proof_settings(
            postgres.url(DATABASE), PUBLIC_URL=url, BACKGROUND="off", LOGIN_PROVIDERS=setting(entry)
        )
        with running_service(settings, port=port):
            yield url


@pytest.fixture
async def trusting(trusting_url: str, postgres: EmbeddedPostgres) -> AsyncIterator[PasskeySite]:
    async with http_client(trusting_url, timeout=60) as client:
        yield PasskeySite(trusting_url, postgres.url(DATABASE), ApiClient(client))


async def sign_in_there(page: Page, name: str) -> None:
    """Sign in on the provider's own pages."""
    await page.locator("input[name=login]").fill(name)
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()


async def test_a_person_links_an_identity_and_signs_in_to_an_application_with_it(
    trusting: PasskeySite, browser: Browser, tmp_path: Path
) -> None:
    person = await trusting.person()
    app, name = add_app(trusting, "--first-party"), f"ada-{uuid4().hex}"
    async with window(browser, bypass_csp=True) as page:
        seen = Inspection(page)
        await page.goto(f"{trusting.url}/account/identities")
        await seen.look("sign-in")
        await sign_in(page, person)
        await page.get_by_text("No service is linked.").wait_for()
        await seen.look("nothing-linked")
        await page.get_by_role("button", name="Link ACME").click()
        await sign_in_there(page, name)
        await page.get_by_text("The service is linked.").wait_for()
        await page.get_by_role("button", name="Unlink: ACME").wait_for()
        await seen.look("linked")
    assert (seen.found, validation_messages(seen.shown, tmp_path)) == ([], [])
    async with window(browser) as page:
        await page.goto(address(trusting, app))
        await page.get_by_role("button", name="Sign in with ACME").click()
        await sign_in_there(page, name)
        assert "code=" in await came_back(page)
        await page.goto(f"{trusting.url}/account/overview")
        await page.get_by_text(f"Signed in as {person.username}").wait_for()


async def test_an_unlinked_identity_of_a_provider_is_explained_on_the_sign_in_page(
    trusting: PasskeySite, browser: Browser
) -> None:
    async with window(browser) as page:
        await page.goto(f"{trusting.url}/account/sign-in")
        await page.get_by_role("button", name="Sign in with ACME").click()
        await sign_in_there(page, f"eve-{uuid4().hex}")
        await page.get_by_text("No account is linked with that identity.").wait_for()
        await page.get_by_label("User name or e-mail address").wait_for()
