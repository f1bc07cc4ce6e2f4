"""Applications' servers are told when sessions end, whatever ends them (OpenID Connect Back-Channel Logout 1.0)."""

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import jwt
import pytest

from development.client import PASSWORD, Person
from doorward.core.versions import any_version
from doorward.domain.oauth.backchannel_logout import DELAYS
from doorward.wiring.background import run_worker
from tests.integration.oauth.browsers import LOGOUT, Application, Browser, application, signed_in
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import ISSUER, claims_of
from tests.integration.oauth.told_servers import Telling, Told, telling, token_of
from tests.integration.service import Logs, events
from tests.integration.webhook_receiver import OK, answer_of

BOUND_SECONDS = 60
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
async def telling_provider(make_database: Any, secret_key: str) -> AsyncIterator[Telling]:
    async with telling(make_database(migrated=True), secret_key) as running:
        yield running


@pytest.fixture
async def told(telling_provider: Telling) -> AsyncIterator[Told]:
    async with telling_provider.told() as server:
        yield server


@pytest.fixture
def browser(told: Told) -> Browser:
    return Browser(told.provider)


async def test_a_logout_token_names_the_user_the_session_and_the_client(told: Told, browser: Browser) -> None:
    app, other = await told.app(), await application(told.provider)
    person = await signed_in(browser, told.provider)
    tokens = await app.tokens(browser, person)
    await other.tokens(browser, person)
    await app.refresh(tokens["refresh_token"])
    assert told.messages() == []
    await browser.send(await browser.get(LOGOUT))
    (claims,) = await told.deliver()
    (got,) = told.receiver.got
    assert (got.target, got.headers["content-type"]) == ("/logout", "application/x-www-form-urlencoded")
    token = token_of(got.body)
    keys = jwt.PyJWKSet.from_dict((await told.provider.service.client.get("/oauth/jwks")).json())
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    assert jwt.decode(
        token,
        keys[header["kid"]].key,
        algorithms=["RS256"],
        audience=app.id,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    now = math.floor(told.provider.clock.now().timestamp())
    assert claims == {
        "iss": ISSUER,
        "sub": person.id,
        "aud": app.id,
        "iat": now,
        "exp": now + 120,
        "jti": claims["jti"],
        "events": {EVENT: {}},
        "sid": claims_of(tokens["id_token"])["sid"],
    }
    assert told.messages() == []


async def by_consent(told: Told, app: Application, person: Person, _: dict[str, Any]) -> None:
    own = await told.provider.service.log_in(person)
    await told.provider.service.authorized("DELETE", f"/api/v1/account/applications/{app.id}", own.access)


async def by_reuse(_: Told, app: Application, __: Person, tokens: dict[str, Any]) -> None:
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    assert (await app.refresh(tokens["refresh_token"])).status_code == 400


async def by_revocation(_: Told, app: Application, __: Person, tokens: dict[str, Any]) -> None:
    await app.machine.post("/oauth/revoke", token=tokens["refresh_token"])


async def by_its_owner(told: Told, _: Application, person: Person, tokens: dict[str, Any]) -> None:
    own = await told.provider.service.log_in(person)
    path = f"/api/v1/account/sessions/{claims_of(tokens['id_token'])['sid']}"
    assert (await told.provider.service.authorized("DELETE", path, own.access)).status_code == 204


End = Callable[[Told, Application, Person, dict[str, Any]], Awaitable[None]]


@pytest.mark.parametrize("end", [by_consent, by_reuse, by_revocation, by_its_owner])
async def test_whatever_ends_one_session_tells_of_it_by_its_id(told: Told, browser: Browser, end: End) -> None:
    app = await told.app(id_token_algorithm="ES256")
    person = await signed_in(browser, told.provider)
    tokens = await app.tokens(browser, person)
    await end(told, app, person, tokens)
    (claims,) = await told.deliver()
    assert (claims["sub"], claims["aud"]) == (person.id, app.id)
    assert claims["sid"] == claims_of(tokens["id_token"])["sid"]
    assert jwt.get_unverified_header(token_of(told.receiver.got[0].body))["alg"] == "ES256"


async def everywhere(told: Told, person: Person) -> None:
    own = await told.provider.service.log_in(person)
    path, body = "/api/v1/account/sessions/end", {"which": "all"}
    assert (await told.provider.service.authorized("POST", path, own.access, json=body)).status_code == 204


async def by_a_password(told: Told, person: Person) -> None:
    own = await told.provider.service.log_in(person)
    body = {"current_password": PASSWORD, "new_password": "another password of this person"}
    answer = await told.provider.service.authorized("POST", "/api/v1/account/password", own.access, json=body)
    assert answer.is_success, answer.text


async def by_deactivation(told: Told, person: Person) -> None:
    told.provider.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)


async def by_removal(told: Told, person: Person) -> None:
    told.provider.sql("DELETE FROM users WHERE id = %s", person.id)


async def by_the_operator(told: Told, _: Person) -> None:
    told.provider.sql("UPDATE users SET session_epoch = session_epoch + 1")


@pytest.mark.parametrize("end", [everywhere, by_a_password, by_deactivation, by_removal, by_the_operator])
async def test_the_end_of_all_sessions_tells_each_client_once_and_names_none(
    told: Told, browser: Browser, end: Callable[[Told, Person], Awaitable[None]]
) -> None:
    first, second, silent = await told.app(), await told.app(), await application(told.provider)
    person = await signed_in(browser, told.provider)
    for app in (first, first, second, silent):
        await app.tokens(browser, person)
    await end(told, person)
    claims = [each for each in await told.deliver() if each["sub"] == person.id]
    assert sorted(each["aud"] for each in claims) == sorted([first.id, second.id])
    assert not any("sid" in each or "nonce" in each for each in claims)


async def test_a_logout_that_waited_for_hours_brings_a_token_that_is_valid_authentik_25826(
    told: Told, browser: Browser
) -> None:
    app = await told.app()
    await app.tokens(browser, await signed_in(browser, told.provider))
    await browser.send(await browser.get(LOGOUT))
    told.provider.clock.advance(timedelta(hours=9))
    (claims,) = await told.deliver()
    assert claims["iat"] == math.floor(told.provider.clock.now().timestamp())
    assert claims["exp"] > claims["iat"]


async def test_a_server_that_fails_is_told_again_with_the_same_id_and_one_that_refuses_is_not(
    told: Told, browser: Browser
) -> None:
    app = await told.app()
    person = await signed_in(browser, told.provider)
    for answers in ([answer_of(503), answer_of(500), OK], [answer_of(400), OK]):
        told.receiver.answers = list(answers)
        tokens = await app.tokens(browser, person)
        await app.machine.post("/oauth/revoke", token=tokens["refresh_token"])
        got = [claims for _ in range(4) for claims in await told.deliver()]
        assert len(got) == len(answers) - (answers[0] == answer_of(400))
        assert len({claims["jti"] for claims in got}) == 1
    assert [row for row in told.messages() if row["dead_reason"] is None] == []


async def test_a_server_that_is_never_there_is_given_up_after_an_hour(told: Told, browser: Browser) -> None:
    app = await application(told.provider, backchannel_logout_uri="http://127.0.0.1:1/logout")
    await app.tokens(browser, await signed_in(browser, told.provider))
    await browser.send(await browser.get(LOGOUT))
    for _ in range(len(DELAYS)):
        await told.deliver()
        assert [row["dead_reason"] for row in told.messages()] == [None]
    await told.deliver()
    assert [row["dead_reason"] for row in told.messages()] in ([], ["unanswered"])


async def test_a_client_that_is_disabled_or_is_not_told_any_more_gets_nothing(told: Told, browser: Browser) -> None:
    disabled, changed = await told.app(), await told.app()
    person = await signed_in(browser, told.provider)
    for app in (disabled, changed):
        await app.tokens(browser, person)
    await browser.send(await browser.get(LOGOUT))
    assert len(told.messages()) == 2
    await told.provider.clients.disable(OPERATOR, disabled.id, any_version)
    await told.provider.clients.change(OPERATOR, changed.id, {"backchannel_logout_uri": None}, any_version)
    assert await told.deliver() == []
    assert told.messages() == []


async def test_internal_addresses_are_not_called_unless_the_operator_opens_them(told: Told, browser: Browser) -> None:
    app = await told.app()
    await app.tokens(browser, await signed_in(browser, told.provider))
    await browser.send(await browser.get(LOGOUT))
    await told.closed.deliver_due()
    assert told.receiver.got == []
    (message,) = told.messages()
    assert message["attempts"] == 1
    assert len(await told.deliver()) == 1


async def test_a_worker_of_its_own_tells_of_logouts(told: Told, browser: Browser, logs: Logs) -> None:
    app = await told.app()
    await app.tokens(browser, await signed_in(browser, told.provider))
    await browser.send(await browser.get(LOGOUT))
    settings = told.provider.service.settings
    opened = settings.outgoing.model_copy(update={"webhook_networks": (ip_network("127.0.0.0/8"),)})
    worker = asyncio.create_task(run_worker(replace(settings, outgoing=opened)))
    async with asyncio.timeout(BOUND_SECONDS):
        while not told.receiver.got:  # noqa: ASYNC110 - another task gets it
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await worker
    assert claims_of(token_of(told.receiver.got[0].body))["aud"] == app.id
    (started,) = events(logs, "worker.started")
    assert started["tasks"].endswith("logouts")
