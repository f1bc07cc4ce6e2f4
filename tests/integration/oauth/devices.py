"""A device without a browser, and a person who signs in for it."""

from datetime import timedelta
from typing import Any, Final

import httpx

from tests.integration.oauth.browsers import Application, Browser
from tests.integration.oauth.provider import TOKEN

DEVICE: Final = "/account/device"
GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS: Final = (GRANT, "refresh_token")
INTERVAL: Final = timedelta(seconds=5)


async def ask(tv: Application, **form: str) -> httpx.Response:
    """Request a user code for a device."""
    if tv.machine.secret:
        return await tv.machine.post("/oauth/device_authorization", **form)
    return await tv.provider.post("/oauth/device_authorization", {"client_id": tv.id, **form})


async def begin(tv: Application, **form: str) -> dict[str, Any]:
    answer = await ask(tv, **form)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def poll(tv: Application, device_code: str) -> httpx.Response:
    """Poll for the tokens of a device."""
    form = {"grant_type": GRANT, "device_code": device_code}
    if tv.machine.secret:
        return await tv.machine.post(TOKEN, **form)
    return await tv.provider.post(TOKEN, {"client_id": tv.id, **form})


async def enter(browser: Browser, user_code: str) -> httpx.Response:
    """Enter a user code on the page."""
    return await browser.send(await browser.get(DEVICE), user_code=user_code)


async def decide(browser: Browser, user_code: str, decision: str = "allow") -> httpx.Response:
    """Enter a user code on the page, and approve or deny."""
    return await browser.send(await enter(browser, user_code), decision=decision)
