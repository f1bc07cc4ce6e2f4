"""Automatic checks of the current page: axe, Lighthouse, and its width."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.browser.tools import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.lighthouse import Lighthouse


async def findings_of(page: Page) -> list[str]:
    """Return axe's findings on the current page."""
    await page.evaluate(axe())
    result: dict[str, Any] = await page.evaluate("axe.run()")
    return [f"{page.url}: {each['id']}: {each['nodes'][0]['html']}" for each in result["violations"]]


@dataclass
class Inspection:
    """The findings of axe and, if installed, of Lighthouse; and the HTML of the pages for the validator."""

    page: Page
    found: list[str] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    lighthouse: Lighthouse | None = None
    scored: set[str] = field(default_factory=set)
    """The titles of pages that have a score: Lighthouse takes seconds, so it checks only one state of each page."""

    async def look(self, name: str) -> None:
        await self.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        self.found += await findings_of(self.page)
        if self.lighthouse is not None and (title := await self.page.title()) not in self.scored:
            self.found += await self.lighthouse.findings_of(self.page)
            self.scored.add(title)
        if await self.page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"):
            self.found.append(f"{name}: wider than the screen")
        self.shown[name] = await self.page.content()

    async def press(self, button: str, label: str = "", typed: str = "") -> None:
        if label:
            await self.page.get_by_label(label).fill(typed)
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button).click()
