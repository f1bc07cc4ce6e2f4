"""Clients with metadata documents after a change, after they are disabled or removed, and at the limit of clients."""

import asyncio
import dataclasses
from datetime import timedelta
from urllib.parse import quote

import pytest

from development.client import Person
from doorward.core.versions import any_version
from doorward.domain.oauth.authorization import RequestParameters
from doorward.domain.oauth.described_clients import add_or_update_described_client
from doorward.domain.oauth.events import ClientChanged, ClientCreated
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.registration_exceptions import SelfRegisteredClientError
from tests.integration.oauth.browsers import CALLBACK, Browser, answer_of, forwarded
from tests.integration.oauth.client_documents import DocumentHost, described
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import Provider, is_oauth_error
from tests.integration.open_transactions import open_transaction

APPLICATIONS = "/api/v1/account/applications"


async def test_changed_redirect_uris_in_the_document_require_a_new_consent_of_all_users(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    await app.agreed(browser, person)
    assert (await browser.get(app.address(prompt="none"))).status_code == 302
    other, another = Browser(provider), await provider.service.register()
    await app.agreed(other, another)
    host.describe(path, redirect_uris=["https://moved.example/", CALLBACK])
    provider.clock.advance(timedelta(minutes=6))
    asked = await browser.get(app.address(prompt="none"))
    assert answer_of(asked.headers["location"])["error"] == "consent_required"
    await app.tokens(browser, person)
    assert list((await app.stored()).redirect_uris) == ["https://moved.example/", CALLBACK]
    asked = await other.get(app.address(prompt="none"))
    assert answer_of(asked.headers["location"])["error"] == "consent_required"


async def test_a_new_name_in_the_document_requires_no_new_consent(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    await app.agreed(browser, person)
    other, another = Browser(provider), await provider.service.register()
    await app.agreed(other, another)
    host.describe(path, client_name="Renamed")
    provider.clock.advance(timedelta(minutes=6))
    assert "Renamed" in (await browser.get(app.address())).text
    await app.tokens(browser, person)
    assert (await app.stored()).name == "Renamed"
    assert (await other.get(app.address(prompt="none"))).status_code == 302


async def test_a_disabled_client_cannot_enable_itself_cve_2026_9705(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    body = await app.agreed(browser, person)
    await provider.clients.disable(OPERATOR, app.id, any_version)
    host.describe(path, client_name="Renamed")
    provider.clock.advance(timedelta(minutes=6))
    assert (await browser.get(app.address())).status_code == 400
    assert is_oauth_error(await app.refresh(body["refresh_token"]), "invalid_client", 401)
    assert not (await app.stored()).is_enabled


async def test_a_consent_to_a_client_that_is_disabled_meanwhile_stores_no_code(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    await app.agreed(browser, person)
    host.describe(path, client_name="Renamed")
    provider.clock.advance(timedelta(minutes=6))
    authorization = provider.service.app.state.services.provider.authorization
    sessions = provider.service.app.state.services.provider.browser_sessions
    session = await sessions.find(browser.http.cookies["doorward_session"])
    request = await authorization.read(RequestParameters(app.parameters()))
    await provider.clients.disable(OPERATOR, app.id, any_version)
    with pytest.raises(InvalidAuthorizationError):
        await authorization.agree(request, session)
    assert provider.sql("SELECT id FROM oauth_codes WHERE client_id = %s", app.id) == []


@pytest.mark.parametrize(
    "changes",
    [{"scopes": ("openid",)}, {"requires_pushed_requests": True}, {"is_first_party": True}, {"name": "Other"}],
)
async def test_an_operators_change_is_refused_because_the_document_would_undo_it(
    provider: Provider,
    host: DocumentHost,
    path: str,
    browser: Browser,
    person: Person,
    changes: dict[str, object],
) -> None:
    app = described(provider, host, path)
    await app.agreed(browser, person)
    before = await app.stored()
    with pytest.raises(SelfRegisteredClientError):
        await provider.clients.update(OPERATOR, app.id, changes, any_version)
    assert await app.stored() == before


async def test_a_user_who_saw_the_scopes_of_an_earlier_document_is_asked_again(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path, scope="openid")
    page = await browser.sign_in(await browser.get(app.address(scope=None)), person)
    host.describe(path, scope="openid notes:read")
    provider.clock.advance(timedelta(minutes=6))
    again = await browser.send(page, decision="allow")
    assert "notes:read" in again.text
    assert app.rows() == 0
    assert "code" in answer_of(forwarded(await browser.send(again, decision="allow")))
    assert (await app.stored()).scopes == ["notes:read", "openid"]


async def test_a_client_added_again_after_its_removal_revives_no_token(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    body = await app.agreed(browser, person)
    await provider.clients.delete(OPERATOR, app.id, any_version)
    provider.clock.advance(timedelta(seconds=1))
    await app.tokens(browser, person)
    assert is_oauth_error(await app.refresh(body["refresh_token"]), "invalid_grant")


async def test_concurrent_consents_store_one_client(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    consent = await browser.sign_in(await browser.get(app.address()), person)
    answers = await asyncio.gather(*(browser.send(consent, decision="allow") for _ in range(10)))
    codes = {answer_of(forwarded(answer))["code"] for answer in answers}
    assert (len(codes), app.rows()) == (10, 1)


async def test_at_the_limit_of_clients_a_consent_is_refused_and_registered_clients_stay(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    consent = await browser.sign_in(await browser.get(app.address()), person)
    provider.sql(
        "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
        " updated_at, not_before) SELECT 'https://many.example/' || number, 'Many', 'none', '{}', '{}', '{}',"
        " now(), now(), now() FROM generate_series(1, 250) AS number"
    )
    try:
        answer = await browser.send(consent, decision="allow")
        assert answer.status_code == 400
        assert "takes no more applications" in answer.text
        assert app.rows() == 0
        await provider.machine()
    finally:
        provider.sql("DELETE FROM oauth_clients WHERE client_id LIKE 'https://many.example/%%'")


async def test_a_user_can_list_the_client_and_withdraw_the_consent(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    body = await app.agreed(browser, person)
    tokens = await provider.service.log_in(person)
    headers = {"Authorization": f"Bearer {tokens.access}"}
    (listed,) = (await provider.service.client.get(APPLICATIONS, headers=headers)).json()["applications"]
    assert (listed["client_id"], listed["name"]) == (app.id, "Notebook")
    address = f"{APPLICATIONS}/{quote(app.id, safe='')}"
    assert (await provider.service.client.delete(address, headers=headers)).status_code == 204
    assert is_oauth_error(await app.refresh(body["refresh_token"]), "invalid_grant")
    assert (await provider.service.client.delete(address, headers=headers)).status_code == 404


async def test_a_consent_that_stores_a_changed_client_and_its_disabling_do_not_deadlock(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app = described(provider, host, path)
    await app.agreed(browser, person)
    changed, now = dataclasses.replace(await app.stored(), name="Renamed"), provider.clock.now()

    async def store() -> None:
        async with provider.service.database.transaction() as connection:
            await add_or_update_described_client(connection, changed, now=now)

    async with open_transaction(provider.service.database_url) as disabling:
        await disabling.run("SELECT FROM oauth_clients WHERE client_id = %s FOR UPDATE", app.id)
        storing = asyncio.create_task(store())
        await disabling.blocks(storing)
        await disabling.run("UPDATE oauth_clients SET disabled_at = %s WHERE client_id = %s", now, app.id)
        await disabling.commit()
        with pytest.raises(InvalidAuthorizationError):
            await storing
    assert not (await app.stored()).is_enabled


async def test_a_client_stored_by_a_concurrent_consent_is_not_stored_again(
    provider: Provider, host: DocumentHost, path: str, browser: Browser, person: Person
) -> None:
    app, other = described(provider, host, path), described(provider, host, f"/other{path}")
    await app.agreed(browser, person)
    wanted = dataclasses.replace(await app.stored(), client_id=other.id)

    async def store() -> ClientCreated | ClientChanged | None:
        async with provider.service.database.transaction() as connection:
            return await add_or_update_described_client(connection, wanted, now=provider.clock.now())

    async with open_transaction(provider.service.database_url) as agreeing:
        await agreeing.run(
            "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, redirect_uris,"
            " post_logout_uris, id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests,"
            " backchannel_logout_uri, created_at, updated_at, not_before)"
            " SELECT %s, name, auth_method, grant_types, scopes, resources, redirect_uris, post_logout_uris,"
            " id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests, backchannel_logout_uri,"
            " created_at, updated_at, not_before FROM oauth_clients WHERE client_id = %s",
            *(other.id, app.id),
        )
        storing = asyncio.create_task(store())
        await agreeing.blocks(storing)
        await agreeing.commit()
        assert await storing is None
    assert other.rows() == 1
