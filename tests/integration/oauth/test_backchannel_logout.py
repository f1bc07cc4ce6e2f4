"""Applications' servers are told when sessions end, whatever ends them (OpenID Connect Back-Channel Logout 1.0)."""

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from development.client import PASSWORD, Person
from doorward.domain.oauth.backchannel_logout import DELAYS
from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.background import run_worker
from doorward.wiring.events_out import create_events_out
from doorward.wiring.keys import create_signing_keys
from tests.integration.oauth.browsers import LOGOUT, Application, Browser, application, signed_in
from tests.integration.oauth.clients import OPERATOR, any_version
from tests.integration.oauth.provider import ISSUER, Provider, claims_of
from tests.integration.service import FakeClock, Logs, events, run_service, settings_of_the_ring
from tests.integration.webhook_receiver import OK, Receiver, answer_of, receiving

BOUND_SECONDS = 60
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Told:
    """A provider, the delivery of its logouts, and a server that is told."""

    provider: Provider
    delivery: Delivery
    closed: Delivery
    """The same of an operator who has opened no networks."""
    receiver: Receiver
    port: int

    async def app(self, **content: Any) -> Application:
        """Register an application whose server is told."""
        return await application(
            self.provider, backchannel_logout_uri=f"http://127.0.0.1:{self.port}/logout", **content
        )

    def messages(self) -> list[dict[str, Any]]:
        return self.provider.sql("SELECT * FROM outbox WHERE channel = 'logout' ORDER BY id")

    async def deliver(self) -> list[dict[str, Any]]:
        """Deliver what is due, whenever it was to be tried again; return the claims of what the server got."""
        self.provider.sql("UPDATE outbox SET due_at = clock_timestamp() WHERE channel = 'logout'")
        before = len(self.receiver.got)
        await self.delivery.deliver_due()
        return [claims_of(token_of(each.body)) for each in self.receiver.got[before:]]


def token_of(body: bytes) -> str:
    form = parse_qs(body.decode(), strict_parsing=True)
    assert list(form) == ["logout_token"]
    return form["logout_token"][0]


@pytest.fixture(scope="module")
async def provider_that_tells(
    make_database: Any, secret_key: str
) -> AsyncIterator[tuple[Provider, Delivery, Delivery]]:
    """A service of its own: the tests move its clock, and read its whole outbox."""
    changes, database_url = {"public_url": ISSUER, "background": "off"}, make_database(migrated=True)
    settings, clock = settings_of_the_ring(database_url, secret_key, changes), FakeClock()
    opened = settings_of_the_ring(database_url, secret_key, {**changes, "webhook_networks": "127.0.0.0/8"})
    async with run_service(settings, clock) as service:
        keys = create_signing_keys(settings, service.database, clock)
        assert keys is not None
        async with keys.running():
            deliveries = []
            for each in (opened, settings):
                events_out = create_events_out(each, service.database, clock, MailQueue(None), keys, measures=False)
                assert events_out.names == ["logouts"]
                assert events_out.logouts is not None
                deliveries.append(events_out.logouts)
            yield Provider(service), deliveries[0], deliveries[1]


@pytest.fixture
async def told(provider_that_tells: tuple[Provider, Delivery, Delivery]) -> AsyncIterator[Told]:
    provider, delivery, closed = provider_that_tells
    provider.sql("DELETE FROM outbox")
    receiver = Receiver(OK)
    async with receiving(receiver) as port:
        yield Told(provider, delivery, closed, receiver, port)


@pytest.fixture
def browser(told: Told) -> Browser:
    return Browser(told.provider)


async def test_a_logout_token_says_whose_session_of_which_client_has_ended(told: Told, browser: Browser) -> None:
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


async def test_a_worker_of_its_own_tells_of_logouts(
    told: Told, browser: Browser, provider_that_tells: tuple[Provider, Delivery, Delivery], logs: Logs
) -> None:
    app = await told.app()
    await app.tokens(browser, await signed_in(browser, told.provider))
    await browser.send(await browser.get(LOGOUT))
    settings = provider_that_tells[0].service.settings
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
