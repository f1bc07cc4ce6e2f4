"""CORS for pages of applications: the origins of registered redirect URIs may call the endpoints."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from psycopg import AsyncConnection

from development.client import ME
from doorward.api.app import create_app
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.versions import any_version
from doorward.domain.oauth.registered_origins import CACHE_SECONDS, RegisteredOrigins
from tests.integration.oauth.browsers import CALLBACK, application
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import Logs, MakeService, Service, events

PAGE = "https://app.example"
LISTED = "https://listed.example"
ALLOWED = "access-control-allow-origin"
CREDENTIALS = "access-control-allow-credentials"
CALLED = (("POST", "/oauth/token"), ("POST", "/oauth/revoke"), ("GET", "/oauth/userinfo"))


class Steady:
    """A monotonic clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def provider(make_service: MakeService) -> Provider:
    provider = Provider(await make_service(public_url=ISSUER, cors_allow_origins=LISTED, cors_allow_credentials=True))
    await application(provider)
    await application(provider, redirect_uris=("http://localhost/callback",))
    return provider


async def preflight(provider: Provider, method: str, path: str, origin: str, **more: str) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, **more}
    return await provider.service.client.options(path, headers=headers)


async def test_only_pages_of_registered_clients_and_of_the_settings_may_call(provider: Provider) -> None:
    for method, path in CALLED:
        for origin in (PAGE, LISTED, "http://localhost:5173"):
            asked = await preflight(
                provider, method, path, origin, **{"Access-Control-Request-Headers": "authorization"}
            )
            assert (asked.status_code, asked.headers[ALLOWED]) == (200, origin)
            answer = await provider.service.client.request(method, path, headers={"Origin": origin})
            assert answer.status_code >= 400
            assert answer.headers[ALLOWED] == origin
            for each in (asked, answer):
                assert CREDENTIALS not in each.headers
                assert "origin" in each.headers["vary"].lower()
        for origin in ("https://evil.example", "null", "http://app.example", CALLBACK):
            refused = await preflight(provider, method, path, origin)
            assert refused.status_code == 400
            answer = await provider.service.client.request(method, path, headers={"Origin": origin})
            for each in (refused, answer):
                assert ALLOWED not in each.headers
                assert "origin" in each.headers["vary"].lower()


async def test_endpoints_for_redirects_and_servers_allow_no_page(provider: Provider) -> None:
    for path in ("/oauth/authorize", "/oauth/logout", "/account/sign-in", "/oauth/par", "/oauth/introspect"):
        answer = await provider.service.client.get(path, headers={"Origin": PAGE})
        assert ALLOWED not in answer.headers, path
        assert (await preflight(provider, "POST", path, PAGE)).status_code == 400
    for path in ("/.well-known/openid-configuration", "/oauth/jwks"):
        answer = await provider.service.client.get(path, headers={"Origin": "https://any.example"})
        assert answer.headers[ALLOWED] == "*"
    answer = await provider.service.client.get(ME, headers={"Origin": PAGE})
    assert ALLOWED not in answer.headers


async def test_only_origins_outside_the_settings_are_looked_up_and_then_cached(provider: Provider) -> None:
    asked = provider.service.connections_asked_for
    before = asked()
    await provider.service.client.post("/oauth/token")
    await preflight(provider, "POST", "/oauth/token", LISTED)
    assert asked() == before
    for _ in range(5):
        await preflight(provider, "POST", "/oauth/token", PAGE)
        await preflight(provider, "POST", "/oauth/token", "https://evil.example")
    assert asked() == before + 1


async def test_a_change_of_clients_applies_after_the_cache_expires(provider: Provider) -> None:
    steady = Steady()
    origins = RegisteredOrigins(database=provider.service.database, steady=steady)
    assert not await origins.contains("https://new.example")
    app = await application(provider, redirect_uris=("https://new.example/callback",))
    steady.now = CACHE_SECONDS - 1
    assert not await origins.contains("https://new.example")
    steady.now = CACHE_SECONDS
    assert await origins.contains("https://new.example")
    await provider.clients.disable(OPERATOR, app.id, any_version)
    steady.now *= 2
    assert not await origins.contains("https://new.example")


class Held:
    """A database whose connections are available once the test releases them."""

    def __init__(self, provider: Provider) -> None:
        self.database = provider.service.database
        self.is_asked, self.is_released = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        self.is_asked.set()
        await self.is_released.wait()
        async with self.database.connection() as connection:
            yield connection


async def test_calls_during_the_first_read_wait_for_it(provider: Provider) -> None:
    held = Held(provider)
    origins = RegisteredOrigins(database=held, steady=Steady())  # type: ignore[arg-type] # implements what is used
    first = asyncio.create_task(origins.contains(PAGE))
    await held.is_asked.wait()
    second = asyncio.create_task(origins.contains(PAGE))
    await asyncio.sleep(0)
    held.is_released.set()
    assert [await first, await second] == [True, True]


async def test_after_a_cancelled_read_the_next_call_reads(provider: Provider) -> None:
    held = Held(provider)
    origins = RegisteredOrigins(database=held, steady=Steady())  # type: ignore[arg-type] # implements what is used
    cancelled = asyncio.create_task(origins.contains(PAGE))
    await held.is_asked.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    held.is_released.set()
    assert await origins.contains(PAGE)


async def test_while_the_database_is_unavailable_the_cached_origins_are_used(provider: Provider, logs: Logs) -> None:
    class Unavailable:
        is_down = False

        def connection(self) -> object:
            if self.is_down:
                raise ServiceUnavailableError
            return provider.service.database.connection()

    steady, away = Steady(), Unavailable()
    origins = RegisteredOrigins(database=away, steady=steady)  # type: ignore[arg-type] # implements only what is used
    assert await origins.contains(PAGE)
    steady.now, away.is_down = CACHE_SECONDS, True
    assert await origins.contains(PAGE)
    assert not await origins.contains("https://evil.example")
    assert len(events(logs, "client.origins_not_read")) == 1


async def test_a_defect_of_the_look_up_is_answered_and_logged_like_any_other(provider: Provider, logs: Logs) -> None:
    def broken() -> float:
        raise RuntimeError

    wired = provider.service
    origins = RegisteredOrigins(database=wired.database, steady=broken)
    services = wired.app.state.services
    services = replace(services, provider=replace(services.provider, registered_origins=origins))
    app = create_app(wired.settings.deployment, wired.settings.browsers, services)
    async with Service(app, wired.settings, wired.clock) as service:
        answer = await service.client.post("/oauth/token", headers={"Origin": PAGE})
    assert answer.status_code == 500
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]
    assert [each["status"] for each in events(logs, "http.request")] == [500]
    assert len(events(logs, "http.request.crashed")) == 1
