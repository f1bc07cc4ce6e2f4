"""The mail catcher maildev shows a mail of the service: headers, text, HTML and the link."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from development.client import http_client
from development.ports import free_port
from tests.architecture.sources import ROOT
from tests.integration.service import MakeService

PROGRAM: Final = ROOT / ".development" / "maildev" / "node_modules" / "maildev" / "bin" / "maildev"
HOW_TO_GET_IT: Final = "maildev is missing: see the stage maildev of .ci/run, which needs node and npm"
HANGS_AFTER_SECONDS: Final = 120


def started(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[tuple[int, httpx.AsyncClient]]:
    """Run maildev; yield its SMTP port and a client of its web page."""
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        if os.environ.get("DOORWARD_REQUIRE_MAILDEV"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    smtp, web = free_port(), free_port()
    command = [node, str(PROGRAM), "--smtp", str(smtp), "--web", str(web), "--ip", "127.0.0.1", "--web-ip", "127.0.0.1"]
    process = started(command, tmp_path)
    try:
        async with http_client(f"http://127.0.0.1:{web}", timeout=HANGS_AFTER_SECONDS) as page:
            await is_up(page, process)
            yield smtp, page
    finally:
        process.terminate()
        process.wait()


async def is_up(page: httpx.AsyncClient, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        while process.poll() is None:
            try:
                await page.get("/email")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    pytest.fail("maildev ended")


async def caught(page: httpx.AsyncClient) -> dict[str, Any]:
    """Return the first mail that it shows."""
    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        while not (mails := (await page.get("/email")).json()):  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.05)
    first: dict[str, Any] = mails[0]
    return first


async def test_maildev_shows_the_mail_of_a_registration(
    catcher: tuple[int, httpx.AsyncClient], make_service: MakeService, own_database: str, tmp_path: Path
) -> None:
    port, page = catcher
    service = await make_service(
        database_url=own_database,
        mail_development_folder=str(tmp_path / "mails"),
        public_url="https://auth.example.com",
        email_from="Example <accounts@example.com>",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls="none",
        background="in_process",
    )
    person = await service.register()
    mail = await caught(page)
    assert [each["address"] for each in mail["to"]] == [person.email]
    assert mail["from"] == [{"address": "accounts@example.com", "name": "Example"}]
    assert "Confirm" in mail["subject"]
    link = "https://auth.example.com/account/verify-email#token=dwo_"
    assert link in mail["text"]
    assert link in (await page.get(f"/email/{mail['id']}/html")).text
    shown = await page.get("/")
    assert shown.status_code == 200
    assert "MailDev" in shown.text
