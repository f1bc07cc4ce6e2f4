"""Applications get a logout token whenever a session ends (OpenID Connect Back-Channel Logout 1.0)."""

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
from doorward.domain.auth.sessions.ending_of_all import SessionEnding
from doorward.domain.oauth.backchannel_logout import DELAYS
from doorward.wiring.background import run_worker
from tests.integration.oauth.browsers import LOGOUT, Application, Browser, application, signed_in
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.logout_deliveries import LogoutDelivery, LogoutProvider, run_logout_provider, token_of
from tests.integration.oauth.provider import ISSUER
from tests.integration.service import Logs, claims_of, events
from tests.integration.webhook_receiver import OK, answer_of

BOUND_SECONDS = 60
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
async def logout_provider(make_database: Any, secret_key: str) -> AsyncIterator[LogoutProvider]:
    async with run_logout_provider(make_database(migrated=True), secret_key) as running:
        yield running


@pytest.fixture
async def logouts(logout_provider: LogoutProvider) -> AsyncIterator[LogoutDelivery]:
    async with logout_provider.run_receiver() as server:
        yield server


@pytest.fixture
def browser(logouts: LogoutDelivery) -> Browser:
    return Browser(logouts.provider)


async def test_a_logout_token_contains_the_user_the_session_and_the_client(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app, other = await logouts.app(), await application(logouts.provider)
    person = await signed_in(browser, logouts.provider)
    tokens = await app.tokens(browser, person)
    await other.tokens(browser, person)
    await app.refresh(tokens["refresh_token"])
    assert logouts.messages() == []
    await browser.send(await browser.get(LOGOUT))
    (claims,) = await logouts.deliver()
    (got,) = logouts.receiver.got
    assert (got.target, got.headers["content-type"]) == ("/logout", "application/x-www-form-urlencoded")
    token = token_of(got.body)
    keys = jwt.PyJWKSet.from_dict((await logouts.provider.service.client.get("/oauth/jwks")).json())
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
    now = math.floor(logouts.provider.clock.now().timestamp())
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
    assert logouts.messages() == []


async def by_consent(logouts: LogoutDelivery, app: Application, person: Person, _: dict[str, Any]) -> None:
    own = await logouts.provider.service.log_in(person)
    await logouts.provider.service.authorized("DELETE", f"/api/v1/account/applications/{app.id}", own.access)


async def by_reuse(_: LogoutDelivery, app: Application, __: Person, tokens: dict[str, Any]) -> None:
    assert (await app.refresh(tokens["refresh_token"])).status_code == 200
    assert (await app.refresh(tokens["refresh_token"])).status_code == 400


async def by_revocation(_: LogoutDelivery, app: Application, __: Person, tokens: dict[str, Any]) -> None:
    await app.machine.post("/oauth/revoke", token=tokens["refresh_token"])


async def by_its_owner(logouts: LogoutDelivery, _: Application, person: Person, tokens: dict[str, Any]) -> None:
    own = await logouts.provider.service.log_in(person)
    path = f"/api/v1/account/sessions/{claims_of(tokens['id_token'])['sid']}"
    assert (await logouts.provider.service.authorized("DELETE", path, own.access)).status_code == 204


End = Callable[[LogoutDelivery, Application, Person, dict[str, Any]], Awaitable[None]]


@pytest.mark.parametrize("end", [by_consent, by_reuse, by_revocation, by_its_owner])
async def test_every_end_of_one_session_sends_a_logout_token_with_its_sid(
    logouts: LogoutDelivery, browser: Browser, end: End
) -> None:
    app = await logouts.app(id_token_algorithm="ES256")
    person = await signed_in(browser, logouts.provider)
    tokens = await app.tokens(browser, person)
    await end(logouts, app, person, tokens)
    (claims,) = await logouts.deliver()
    assert (claims["sub"], claims["aud"]) == (person.id, app.id)
    assert claims["sid"] == claims_of(tokens["id_token"])["sid"]
    assert jwt.get_unverified_header(token_of(logouts.receiver.got[0].body))["alg"] == "ES256"


async def by_ending_all(logouts: LogoutDelivery, person: Person) -> None:
    own = await logouts.provider.service.log_in(person)
    path, body = "/api/v1/account/sessions/end", {"which": "all"}
    assert (await logouts.provider.service.authorized("POST", path, own.access, json=body)).status_code == 204


async def by_a_password(logouts: LogoutDelivery, person: Person) -> None:
    own = await logouts.provider.service.log_in(person)
    body = {"current_password": PASSWORD, "new_password": "another password of this person"}
    answer = await logouts.provider.service.authorized("POST", "/api/v1/account/password", own.access, json=body)
    assert answer.is_success, answer.text


async def by_deactivation(logouts: LogoutDelivery, person: Person) -> None:
    logouts.provider.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)


async def by_removal(logouts: LogoutDelivery, person: Person) -> None:
    logouts.provider.sql("DELETE FROM users WHERE id = %s", person.id)


async def by_the_operator(logouts: LogoutDelivery, _: Person) -> None:
    logouts.provider.sql("UPDATE users SET session_epoch = session_epoch + 1")


@pytest.mark.parametrize("end", [by_ending_all, by_a_password, by_deactivation, by_removal, by_the_operator])
async def test_the_end_of_all_sessions_sends_each_client_one_logout_token_without_sid(
    logouts: LogoutDelivery, browser: Browser, end: Callable[[LogoutDelivery, Person], Awaitable[None]]
) -> None:
    first, second, silent = await logouts.app(), await logouts.app(), await application(logouts.provider)
    person = await signed_in(browser, logouts.provider)
    for app in (first, first, second, silent):
        await app.tokens(browser, person)
    await end(logouts, person)
    claims = [each for each in await logouts.deliver() if each["sub"] == person.id]
    assert sorted(each["aud"] for each in claims) == sorted([first.id, second.id])
    assert not any("sid" in each or "nonce" in each for each in claims)


async def test_ending_all_sessions_sends_each_client_one_logout_token_for_each_session(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app = await logouts.app()
    person = await signed_in(browser, logouts.provider)
    own = [await app.tokens(browser, person) for _ in range(2)]
    await SessionEnding(database=logouts.provider.service.database, clock=logouts.provider.clock).end_all()
    claims = [each for each in await logouts.deliver() if each["sub"] == person.id]
    assert sorted(each["sid"] for each in claims) == sorted(claims_of(each["id_token"])["sid"] for each in own)


async def test_a_logout_token_is_signed_at_delivery_and_valid_after_hours_authentik_25826(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app = await logouts.app()
    await app.tokens(browser, await signed_in(browser, logouts.provider))
    await browser.send(await browser.get(LOGOUT))
    logouts.provider.clock.advance(timedelta(hours=9))
    (claims,) = await logouts.deliver()
    assert claims["iat"] == math.floor(logouts.provider.clock.now().timestamp())
    assert claims["exp"] > claims["iat"]


async def test_a_delivery_is_retried_with_the_same_jti_after_5xx_but_not_after_4xx(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app = await logouts.app()
    person = await signed_in(browser, logouts.provider)
    for answers in ([answer_of(503), answer_of(500), OK], [answer_of(400), OK]):
        logouts.receiver.answers = list(answers)
        tokens = await app.tokens(browser, person)
        await app.machine.post("/oauth/revoke", token=tokens["refresh_token"])
        got = [claims for _ in range(4) for claims in await logouts.deliver()]
        assert len(got) == len(answers) - (answers[0] == answer_of(400))
        assert len({claims["jti"] for claims in got}) == 1
    assert [row for row in logouts.messages() if row["dead_reason"] is None] == []


async def test_a_delivery_to_an_unreachable_server_is_dropped_after_an_hour(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app = await application(logouts.provider, backchannel_logout_uri="http://127.0.0.1:1/logout")
    await app.tokens(browser, await signed_in(browser, logouts.provider))
    await browser.send(await browser.get(LOGOUT))
    for _ in range(len(DELAYS)):
        await logouts.deliver()
        assert [row["dead_reason"] for row in logouts.messages()] == [None]
    await logouts.deliver()
    assert [row["dead_reason"] for row in logouts.messages()] in ([], ["unanswered"])


async def test_a_client_that_is_disabled_or_without_logout_uri_gets_no_logout_token(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    disabled, changed = await logouts.app(), await logouts.app()
    person = await signed_in(browser, logouts.provider)
    for app in (disabled, changed):
        await app.tokens(browser, person)
    await browser.send(await browser.get(LOGOUT))
    assert len(logouts.messages()) == 2
    await logouts.provider.clients.disable(OPERATOR, disabled.id, any_version)
    await logouts.provider.clients.update(OPERATOR, changed.id, {"backchannel_logout_uri": None}, any_version)
    assert await logouts.deliver() == []
    assert logouts.messages() == []


async def test_internal_addresses_are_not_called_unless_the_operator_permits_them(
    logouts: LogoutDelivery, browser: Browser
) -> None:
    app = await logouts.app()
    await app.tokens(browser, await signed_in(browser, logouts.provider))
    await browser.send(await browser.get(LOGOUT))
    await logouts.closed.deliver_due()
    assert logouts.receiver.got == []
    (message,) = logouts.messages()
    assert message["attempts"] == 1
    assert len(await logouts.deliver()) == 1


async def test_a_separate_worker_delivers_logout_tokens(logouts: LogoutDelivery, browser: Browser, logs: Logs) -> None:
    app = await logouts.app()
    await app.tokens(browser, await signed_in(browser, logouts.provider))
    await browser.send(await browser.get(LOGOUT))
    settings = logouts.provider.service.settings
    opened = settings.outgoing.model_copy(update={"webhook_networks": (ip_network("127.0.0.0/8"),)})
    worker = asyncio.create_task(run_worker(replace(settings, outgoing=opened)))
    async with asyncio.timeout(BOUND_SECONDS):
        while not logouts.receiver.got:  # noqa: ASYNC110 - another task receives it
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await worker
    assert claims_of(token_of(logouts.receiver.got[0].body))["aud"] == app.id
    (started,) = events(logs, "worker.started")
    assert started["tasks"].endswith("logouts")
