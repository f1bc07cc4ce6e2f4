"""`doorward end-all-sessions` ends whatever a stolen session prepared before it, or does while it runs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.sessions.ending_of_all import SessionEnding
from tests.integration.oauth.browsers import Application, Browser, application, is_signed_in, signed_in
from tests.integration.oauth.devices import GRANTS, begin, decide, poll
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import MakeService

BEFORE_EPOCHS = 2
"""The number of the transaction that begins new epochs, if there are no sessions."""


@pytest.fixture
async def provider(make_service: MakeService, own_database: str) -> Provider:
    return Provider(await make_service(public_url=ISSUER, database_url=own_database))


class InterruptedDatabase:
    """The service's database. It calls ``interrupt`` before one of its transactions."""

    def __init__(self, provider: Provider, *, before: int, interrupt: Callable[[], Awaitable[None]]) -> None:
        self._database: Any = provider.service.database
        self._before = before
        self._interrupt = interrupt

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction, after the interruption if it is due."""
        self._before -= 1
        if self._before == 0:
            await self._interrupt()
        async with self._database.transaction() as connection:
            yield connection


def ending(provider: Provider, **changes: Any) -> SessionEnding:
    return SessionEnding(**{"database": provider.service.database, "clock": provider.clock, **changes})


async def test_codes_and_approved_devices_end_with_all_sessions(provider: Provider) -> None:
    tv = await application(provider, name="The TV", auth_method="none", grant_types=GRANTS, redirect_uris=())
    app, browser = await application(provider), Browser(provider)
    person = await signed_in(browser, provider)
    code, shown = await app.code(browser, person), await begin(tv)
    await decide(browser, shown["user_code"])
    await ending(provider).end_all()
    assert not await is_signed_in(browser, app)
    assert (await app.exchange(code)).status_code == 400
    assert is_oauth_error(await poll(tv, shown["device_code"]), "invalid_grant")


async def test_a_session_that_a_cookie_begins_meanwhile_ends_with_all_others(provider: Provider) -> None:
    app, browser = await application(provider), Browser(provider)
    person = await signed_in(browser, provider)
    begun: list[dict[str, Any]] = []

    async def begin_another() -> None:
        begun.append(await app.tokens(browser, person))

    database = InterruptedDatabase(provider, before=BEFORE_EPOCHS, interrupt=begin_another)
    assert await ending(provider, database=database).end_all() == 0
    assert (await app.refresh(begun[0]["refresh_token"])).status_code == 400


@pytest.mark.parametrize("before", [1, 2, 3, 4, 5, 6])
async def test_an_interrupted_end_of_all_sessions_can_be_repeated(provider: Provider, before: int) -> None:
    app, own = await signed_in_people(provider)

    async def fail() -> None:
        raise ServiceUnavailableError

    database = InterruptedDatabase(provider, before=before, interrupt=fail)
    with pytest.raises(ServiceUnavailableError):
        await ending(provider, database=database, batch_size=1).end_all()
    assert provider.sql("SELECT id FROM audit_events WHERE type = 'session.all_ended'") == []
    await ending(provider, batch_size=1).end_all()
    for browser, tokens in own:
        assert not await is_signed_in(browser, app)
        assert (await app.refresh(tokens["refresh_token"])).status_code == 400
    (entry,) = provider.sql("SELECT user_id, data FROM audit_events WHERE type = 'session.all_ended'")
    assert (entry["user_id"], entry["data"]["reason"]) == (None, "operator")


async def signed_in_people(provider: Provider) -> tuple[Application, list[tuple[Browser, dict[str, Any]]]]:
    """Return an application, and two browsers with the tokens that each has for it."""
    app, own = await application(provider), []
    for _ in range(2):
        browser = Browser(provider)
        person = await signed_in(browser, provider)
        own.append((browser, await app.tokens(browser, person)))
    return app, own
