"""The number of SQL statements of the provider's endpoints and pages."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.integration.oauth.browsers import Browser, answer_of, application, signed_in
from tests.integration.oauth.devices import GRANTS, begin, poll
from tests.integration.oauth.provider import Provider
from tests.integration.statements import statements_of

TRIES = 3
"""The minimum is the call's own count: keys are reread at times, and the use of a session is stored once a minute."""

COSTS = {"authorize": 3, "code": 5, "userinfo": 2, "par": 2, "device poll": 2}
OWN_PAGES = {
    "overview": 2,
    "second-factors": 1,
    "passkeys": 4,
    "sessions": 3,
    "applications": 2,
    "your-data": 1,
}


async def least(call: Callable[[], Awaitable[httpx.Response]], monkeypatch: pytest.MonkeyPatch) -> int:
    return min([await statements_of(call(), monkeypatch) for _ in range(TRIES)])


async def test_each_endpoint_and_page_takes_the_expected_number_of_statements(
    lasting_provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, browser = await application(lasting_provider), Browser(lasting_provider)
    person = await signed_in(browser, lasting_provider)
    codes = [await app.code(browser, person)]

    async def authorize() -> httpx.Response:
        answer = await browser.http.get(app.address())
        codes.append(answer_of(answer.headers["location"])["code"])
        return answer

    async def exchange() -> httpx.Response:
        return await app.exchange(codes.pop())

    counts = {"authorize": await least(authorize, monkeypatch), "code": await least(exchange, monkeypatch)}
    tokens = (await exchange()).json()

    async def userinfo() -> httpx.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return await lasting_provider.service.client.get("/oauth/userinfo", headers=headers)

    async def push() -> httpx.Response:
        return await app.machine.post("/oauth/par", **app.parameters())

    counts |= {"userinfo": await least(userinfo, monkeypatch), "par": await least(push, monkeypatch)}
    tv = await application(lasting_provider, grant_types=GRANTS, redirect_uris=())
    shown = await begin(tv, scope="openid")
    counts["device poll"] = await least(lambda: poll(tv, shown["device_code"]), monkeypatch)
    for page in OWN_PAGES:
        counts[page] = await least(lambda page=page: browser.http.get(f"/account/{page}"), monkeypatch)  # type: ignore[misc] # the current page
    assert counts == {**COSTS, **OWN_PAGES}
