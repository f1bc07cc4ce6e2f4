"""The sign-in page in Chromium: the time of its first paint, its size, and the hosts that it loads from."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks.codes.site import Site
from benchmarks.codes.targets import OTHER_HOSTS, PAINT, SIZE
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, UNREACHED_LIMIT, running_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request, Response

LOADS: Final = {True: 5, False: 15}
"""Number of loads, by whether the run is quick."""

WEIGHED: Final = frozenset({"document", "stylesheet"})
SETTINGS: Final = {
    **LIMITS_OUT_OF_REACH,
    "PUBLIC_URL": "http://localhost:8000",
    "RATE_LIMIT_AUTHORIZE": UNREACHED_LIMIT,
}
FIRST_PAINT: Final = """
    () => new Promise((done) => {
      const seen = (list) => list.getEntriesByName("first-paint").forEach((entry) => done(entry.startTime));
      new PerformanceObserver(seen).observe({type: "paint", buffered: true});
    })
"""


class BrowserMissingError(Exception):
    """There is no browser on this machine, for the given reason."""


def measure_first_paint(site: Site, plan: Plan, series: Series) -> None:
    """Open the page repeatedly, each time in a new browser profile. Raises ``BrowserMissingError``."""
    if importlib.util.find_spec("playwright") is None:
        raise BrowserMissingError("playwright is not here: uv sync --group browser")
    program = shutil.which("chromium")
    if program is None:
        raise BrowserMissingError("chromium is not here. On Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it comes with the group `browser`

    report_progress("the sign-in page in Chromium")
    with (
        running_service(site.url, settings=SETTINGS, secret_key=site.key) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        address = f"{service.url}/account/sign-in"
        # The browser's first page starts additional processes.
        _open(browser, address, Series())
        for _ in range(LOADS[plan.is_quick]):
            _open(browser, address, series)
        browser.close()


def _open(browser: Browser, address: str, series: Series) -> None:
    page = browser.new_page()
    asked: list[Request] = []
    answered: list[Response] = []
    # playwright sets an attribute on the callback, which a bound method of a list does not allow.
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - as said above
    page.on("response", lambda response: answered.append(response))  # noqa: PLW0108 - as said above
    page.goto(address)
    series.add(PAINT, Sample(page.evaluate(FIRST_PAINT)))
    refused = [response.url for response in answered if not response.ok]
    if refused:
        raise RuntimeError(f"refused to the page: {refused}")
    weighed = [response for response in answered if response.request.resource_type in WEIGHED]
    series.add(SIZE, Sample(sum(len(response.body()) for response in weighed) / 1000))
    hosts = [urlsplit(request.url).netloc for request in asked]
    series.add(OTHER_HOSTS, Sample(sum(host not in {"", urlsplit(address).netloc} for host in hosts)))
    page.close()
