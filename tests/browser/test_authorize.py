"""Authorize on /docs: a person and a client get a token, with which calls from the page succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from development.postgres import EmbeddedPostgres
from doorward.domain.oauth.client_secret import hash_of, new_client_id, new_secret
from tests.browser.conftest import DATABASE, Site

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

LIST_ITEMS = "#operations-items-list_items"


def add_client(postgres: EmbeddedPostgres) -> tuple[str, str]:
    """Store a client that may read items; return its id and its secret."""
    client_id, secret = new_client_id(), new_secret()
    with psycopg.connect(postgres.url(DATABASE)) as connection:
        connection.execute(
            "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
            " updated_at, not_before) VALUES (%s, 'Page', 'client_secret_basic', '{client_credentials}',"
            " '{items:read,items:write}', '{}', now(), now(), 'epoch')",
            (client_id,),
        )
        connection.execute(
            "INSERT INTO oauth_client_secrets (client_id, secret_hash, created_at) VALUES (%s, %s, now())",
            (client_id, hash_of(secret)),
        )
    return client_id, secret


async def authorize(page: Page, scheme: str, fields: dict[str, str], token_path: str) -> int:
    """Fill in the form of a scheme, and press its button; return the status of the response."""
    await page.click("button.authorize")
    container = page.locator(".auth-container", has=page.get_by_role("heading", name=scheme))
    for label, value in fields.items():
        await container.get_by_label(label, exact=False).first.fill(value)
    if scheme.startswith("client_credentials"):
        await container.get_by_text("select all").click()
    async with page.expect_response(lambda answer: answer.url.endswith(token_path)) as answered:
        await container.locator("button.authorize").click()
    status: int = (await answered.value).status
    await container.get_by_text("Logout", exact=True).wait_for()
    await container.get_by_role("button", name="Close").click()
    return status


async def list_items(page: Page) -> int:
    """List items from the page; return the status."""
    await page.click(f"{LIST_ITEMS} .opblock-summary")
    await page.click(f"{LIST_ITEMS} .try-out__btn")
    async with page.expect_response(lambda answer: "/api/v1/items" in answer.url) as answered:
        await page.click(f"{LIST_ITEMS} .execute")
    status: int = (await answered.value).status
    return status


async def test_a_person_authorizes_with_name_and_password(site: Site, browser: Browser) -> None:
    person = await site.api.register()
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{site.url}/docs")
    fields = {"username": person.username, "password": person.password}
    assert await authorize(page, "password", fields, "/api/v1/auth/token") == 200
    assert await list_items(page) == 200
    await context.close()


async def test_a_client_authorizes_with_id_and_secret(site: Site, browser: Browser, postgres: EmbeddedPostgres) -> None:
    client_id, secret = add_client(postgres)
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{site.url}/docs")
    fields = {"client_id": client_id, "client_secret": secret}
    assert await authorize(page, "client_credentials", fields, "/oauth/token") == 200
    assert await list_items(page) == 200
    await context.close()
