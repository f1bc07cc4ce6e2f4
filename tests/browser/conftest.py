"""The pages in a real browser: Chromium, controlled by playwright, against the service as a process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from development.client import ApiClient, http_client
from development.ports import free_port
from development.postgres import EmbeddedPostgres
from development.proof.service import proof_settings, running_service
from doorward.infrastructure.mail.development import DevelopmentMailbox
from doorward.infrastructure.migrations import migrate
from tests.browser.passkeys import PasskeySite
from tests.browser.tools import chromium
from tests.integration.service import FakeClock

if TYPE_CHECKING:
    from playwright.async_api import Browser

DATABASE: Final = "browser"
PASSKEY_DATABASE: Final = "browser_passkeys"
_LINK: Final = re.compile(r"http://localhost:8000(/account/[a-z-]+#token=[\w-]+)")


@dataclass(frozen=True, slots=True)
class Site:
    """A running service, and the folder of its mails."""

    url: str
    mails: Path
    api: ApiClient

    async def mailed_link(self, email: str, subject: str) -> str:
        """Wait for a mail to an address with this subject; return its link, at this service."""
        mailbox = DevelopmentMailbox(self.mails, FakeClock())
        async with asyncio.timeout(60):
            while True:
                for mail in await mailbox.list():
                    found = _LINK.search(mail.content.text)
                    if mail.to == email and subject in mail.content.subject and found:
                        return self.url + found[1]
                await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def site_url(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    migrate(postgres.url(DATABASE))
    mails = tmp_path_factory.mktemp("mails")
    settings = proof_settings(
        postgres.url(DATABASE), PUBLIC_URL="http://localhost:8000", MAIL_DEVELOPMENT_FOLDER=str(mails)
    )
    with running_service(settings) as url:
        yield url, mails


@pytest.fixture
async def site(site_url: tuple[str, Path]) -> AsyncIterator[Site]:
    url, mails = site_url
    async with http_client(url, timeout=60) as client:
        yield Site(url, mails, ApiClient(client))


@pytest.fixture(scope="session")
def debugging_port() -> int:
    """Return the browser's debugging port, for other programs that inspect its pages."""
    return free_port()


@pytest.fixture(scope="session")
async def browser(debugging_port: int) -> AsyncIterator[Browser]:
    program = chromium()
    from playwright.async_api import async_playwright  # noqa: PLC0415 - it comes with the group `browser`

    async with async_playwright() as playwright:
        options = ["--no-sandbox", f"--remote-debugging-port={debugging_port}"]
        browser = await playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def page_port() -> int:
    """Return the port of single-page applications; the service gets their origin in its settings."""
    return free_port()


@pytest.fixture(scope="session")
def passkey_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {PASSKEY_DATABASE}".encode())
    migrate(postgres.url(PASSKEY_DATABASE))
    port = free_port()
    url = f"http://localhost:{port}"
    webhooks = {"WEBHOOKS_ENABLED": "true", "WEBHOOK_NETWORKS": "127.0.0.0/8"}
    settings = proof_settings(postgres.url(PASSKEY_DATABASE), PUBLIC_URL=url, BACKGROUND="off", **webhooks)
    with running_service(settings, port=port):
        yield url


@pytest.fixture
async def home(passkey_url: str, postgres: EmbeddedPostgres) -> AsyncIterator[PasskeySite]:
    async with http_client(passkey_url, timeout=60) as client:
        yield PasskeySite(passkey_url, postgres.url(PASSKEY_DATABASE), ApiClient(client))
