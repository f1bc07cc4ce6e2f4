"""Lighthouse, which scores the accessibility of pages, as a Node process beside the browser."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.browser.tools import HANGS_AFTER_SECONDS, node_with

if TYPE_CHECKING:
    from playwright.async_api import Page

PROGRAM: Final = Path(__file__).with_suffix(".mjs")
BEST: Final = 1


class Lighthouse:
    """Checks pages that are open in a browser."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def findings_of(self, page: Page) -> list[str]:
        """Return the findings that lower the page's score."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{page.url}\n".encode())
        async with asyncio.timeout(HANGS_AFTER_SECONDS):
            line = await self._process.stdout.readline()
        found = json.loads(line)
        return [] if found["score"] == BEST else [f"{page.url}: Lighthouse {found['score']} for {found['lowered']}"]


@asynccontextmanager
async def lighthouse(debugging_port: int) -> AsyncIterator[Lighthouse]:
    """Run Lighthouse with the browser on this debugging port; if it is missing, skip, or fail in the gate."""
    process = await asyncio.create_subprocess_exec(
        node_with("lighthouse"), str(PROGRAM), str(debugging_port), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Lighthouse(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
