"""A client that changes or is disabled, or a consent that is revoked, before the code of a request is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from development.client import Person
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.versions import any_version
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization import Authorization, AuthorizationState, RequestParameters
from doorward.domain.oauth.authorization_decision import CodeDue
from doorward.domain.oauth.authorization_request import AuthorizationRequest
from tests.integration.oauth.browsers import (
    CALLBACK,
    Application,
    Browser,
    answer_of,
    application,
    forwarded,
    signed_in,
)
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.devices import GRANTS, begin, decide, enter
from tests.integration.oauth.provider import Provider


def authorization_of(provider: Provider) -> Authorization:
    authorization: Authorization = provider.service.app.state.services.provider.authorization
    return authorization


async def session_of(provider: Provider, browser: Browser) -> BrowserSession:
    sessions = provider.service.app.state.services.provider.browser_sessions
    session: BrowserSession = await sessions.find(browser.http.cookies["doorward_session"])
    return session


async def asked(provider: Provider, app: Application, session: BrowserSession) -> AuthorizationRequest:
    """Return a request whose next step is a code, because the user has consented."""
    state = await authorization_of(provider).evaluate(RequestParameters(app.parameters()), session)
    assert isinstance(state, AuthorizationState)
    assert isinstance(state.decision, CodeDue)
    return state.request


async def ends_or_waits(provider: Provider, task: asyncio.Task[Any]) -> None:
    """Wait until a task has ended, or waits for a lock."""
    waiting = asyncio.create_task(provider.service.locks_are_waited_for(1))
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def stored_codes(provider: Provider, app: Application) -> int:
    return len(provider.sql("SELECT id FROM oauth_codes WHERE client_id = %s", app.id))


@pytest.fixture
async def person(lasting_provider: Provider, browser: Browser, app: Application) -> Person:
    """Return a person who has consented to the application, and has no code of it."""
    person = await lasting_provider.service.register()
    await app.tokens(browser, person)
    return person


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("step", [Authorization.issue, Authorization.agree])
async def test_no_code_is_stored_for_a_client_that_was_disabled_meanwhile(
    lasting_provider: Provider, app: Application, browser: Browser, step: Callable[..., Awaitable[object]]
) -> None:
    """Otherwise it could be redeemed if the client is enabled again within a minute."""
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    await lasting_provider.clients.disable(OPERATOR, app.id, any_version)
    assert await step(authorization_of(lasting_provider), request, session) is None
    assert stored_codes(lasting_provider, app) == 0


@pytest.mark.usefixtures("person")
async def test_a_client_that_is_being_disabled_gets_no_code(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    """Its codes are removed before the change is committed, so a code that was stored meanwhile would stay."""
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    async with await psycopg.AsyncConnection.connect(lasting_provider.service.database_url) as holder:
        await holder.execute("SELECT FROM oauth_clients WHERE client_id = %s FOR UPDATE", [app.id])
        await holder.execute("UPDATE oauth_clients SET disabled_at = now() WHERE client_id = %s", [app.id])
        issuing = asyncio.create_task(authorization_of(lasting_provider).issue(request, session))
        await ends_or_waits(lasting_provider, issuing)
    assert await issuing is None
    assert stored_codes(lasting_provider, app) == 0


async def test_a_device_of_a_client_that_was_disabled_meanwhile_is_neither_stored_nor_approved(
    lasting_provider: Provider, browser: Browser
) -> None:
    tv = await application(lasting_provider, auth_method="none", grant_types=GRANTS, redirect_uris=())
    await signed_in(browser, lasting_provider)
    shown = await begin(tv, scope="profile")
    page = await enter(browser, shown["user_code"])
    lasting_provider.sql("UPDATE oauth_clients SET disabled_at = now() WHERE client_id = %s", tv.id)
    assert "does not wait any more" in (await browser.send(page, decision="allow")).text
    devices = lasting_provider.service.app.state.services.provider.devices
    with pytest.raises(ServiceUnavailableError):
        await devices.begin(tv.machine.client, scope="profile", identifier=None, resource=None)
    stored = lasting_provider.sql("SELECT status FROM oauth_devices WHERE client_id = %s", tv.id)
    assert [row["status"] for row in stored] == ["pending"]
    assert lasting_provider.sql("SELECT 1 FROM oauth_consents WHERE client_id = %s", tv.id) == []


async def revoke(provider: Provider, person: Person, app: Application) -> None:
    """Revoke the consent in another session of the person."""
    own = await provider.service.log_in(person)
    path = f"/api/v1/account/applications/{app.id}"
    assert (await provider.service.authorized("DELETE", path, own.access)).status_code == 204


def consents(provider: Provider, app: Application) -> int:
    return len(provider.sql("SELECT 1 FROM oauth_consents WHERE client_id = %s", app.id))


async def test_no_code_is_stored_after_the_consent_for_it_was_revoked(
    lasting_provider: Provider, app: Application, browser: Browser, person: Person
) -> None:
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    # Consents of another user, and to another application, do not count.
    await app.tokens(Browser(lasting_provider), await lasting_provider.service.register())
    await (await application(lasting_provider)).tokens(browser, person)
    await revoke(lasting_provider, person, app)
    assert await authorization_of(lasting_provider).issue(request, session) is None
    assert stored_codes(lasting_provider, app) == 0


@pytest.mark.usefixtures("person")
async def test_a_consent_to_fewer_scopes_is_not_sufficient_for_a_code(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    lasting_provider.sql("UPDATE oauth_consents SET scopes = '{openid}' WHERE client_id = %s", app.id)
    assert await authorization_of(lasting_provider).issue(request, session) is None


@pytest.mark.usefixtures("person")
async def test_no_code_is_stored_while_the_consent_for_it_is_being_revoked(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    async with await psycopg.AsyncConnection.connect(lasting_provider.service.database_url) as holder:
        await holder.execute("DELETE FROM oauth_consents WHERE client_id = %s", [app.id])
        assert await authorization_of(lasting_provider).issue(request, session) is None
    assert stored_codes(lasting_provider, app) == 0


@pytest.mark.usefixtures("person")
async def test_a_user_who_agrees_while_the_consent_is_being_revoked_has_a_consent_with_the_code(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    session = await session_of(lasting_provider, browser)
    request = await asked(lasting_provider, app, session)
    async with await psycopg.AsyncConnection.connect(lasting_provider.service.database_url) as holder:
        await holder.execute("DELETE FROM oauth_consents WHERE client_id = %s", [app.id])
        agreeing = asyncio.create_task(authorization_of(lasting_provider).agree(request, session))
        await ends_or_waits(lasting_provider, agreeing)
    assert await agreeing is not None
    assert (stored_codes(lasting_provider, app), consents(lasting_provider, app)) == (1, 1)


async def test_a_device_that_is_approved_while_the_consent_is_being_revoked_has_a_consent(
    lasting_provider: Provider, browser: Browser
) -> None:
    tv = await application(lasting_provider, auth_method="none", grant_types=GRANTS, redirect_uris=())
    await signed_in(browser, lasting_provider)
    first, second = [(await begin(tv, scope="profile"))["user_code"] for _ in range(2)]
    await decide(browser, first)
    page = await enter(browser, second)
    async with await psycopg.AsyncConnection.connect(lasting_provider.service.database_url) as holder:
        await holder.execute("DELETE FROM oauth_consents WHERE client_id = %s", [tv.id])
        approving = asyncio.create_task(browser.send(page, decision="allow"))
        await ends_or_waits(lasting_provider, approving)
    assert (await approving).status_code == 200
    assert consents(lasting_provider, tv) == 1


async def test_a_first_party_client_gets_a_code_without_a_consent(lasting_provider: Provider, browser: Browser) -> None:
    app = await application(lasting_provider, is_first_party=True)
    await app.tokens(browser, await lasting_provider.service.register())
    assert consents(lasting_provider, app) == 0


@pytest.mark.parametrize("changes", [{"scopes": ("items:read", "openid")}, {"name": "Another App"}], ids=str)
async def test_a_user_who_saw_something_else_is_asked_again(
    lasting_provider: Provider, browser: Browser, changes: dict[str, Any]
) -> None:
    """A request without scopes is for all scopes of the client, which may have changed since the page was shown."""
    app = await application(lasting_provider, scopes=("openid",))
    page = await browser.sign_in(await browser.get(app.address(scope=None)), await lasting_provider.service.register())
    await lasting_provider.clients.update(OPERATOR, app.id, changes, any_version)
    for decision in ("allow", "deny"):
        again = await browser.send(page, decision=decision)
        assert again.status_code == 200
        assert "asks for access" in again.text
        assert ("Read your items" in again.text, "Another App" in again.text) == (
            "scopes" in changes,
            "name" in changes,
        )
    assert (stored_codes(lasting_provider, app), consents(lasting_provider, app)) == (0, 0)
    assert "code" in answer_of(forwarded(await browser.send(again, decision="allow")))
    (row,) = lasting_provider.sql("SELECT scopes FROM oauth_codes WHERE client_id = %s", app.id)
    assert row["scopes"] == list(changes.get("scopes", ("openid",)))


async def test_a_decision_about_one_application_is_none_about_another(
    lasting_provider: Provider, browser: Browser
) -> None:
    first, second = [await application(lasting_provider, scopes=("openid",)) for _ in range(2)]
    page = await browser.sign_in(await browser.get(first.address()), await lasting_provider.service.register())
    query = str((await browser.get(second.address())).url.query, "ascii")
    again = await browser.send(page, query=query, decision="allow")
    assert "asks for access" in again.text
    assert consents(lasting_provider, second) == 0


async def test_a_decision_about_one_redirect_host_is_none_about_another(
    lasting_provider: Provider, browser: Browser
) -> None:
    elsewhere = "https://elsewhere.example/callback"
    app = await application(lasting_provider, scopes=("openid",), redirect_uris=(CALLBACK, elsewhere))
    page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
    again = await browser.send(page, query=urlencode(app.parameters(redirect_uri=elsewhere)), decision="allow")
    assert "elsewhere.example" in again.text
    assert stored_codes(lasting_provider, app) == 0


async def test_a_user_who_agrees_on_two_pages_gets_a_code_on_both(
    lasting_provider: Provider, app: Application, browser: Browser
) -> None:
    page = await browser.sign_in(await browser.get(app.address()), await lasting_provider.service.register())
    other = await browser.get(app.address())
    for each in (page, other):
        assert "code" in answer_of(forwarded(await browser.send(each, decision="allow")))
