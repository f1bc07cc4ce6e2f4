"""Known devices: which token is issued and stored, how long it is valid, and the notice of a new device."""

from datetime import timedelta
from uuid import UUID

import pytest

from development.client import PASSWORD, TOKEN, Person
from doorward.domain.accounts.notices import NOTICE_FACTS
from doorward.domain.auth.devices.known_devices import MAXIMUM_KNOWN_DEVICES, NOTICE_KEPT
from doorward.domain.auth.login.login import Login
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec, hash_secret
from doorward.domain.outbox.mail import MailKind, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import sealing_context
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.wiring.auth import create_login, create_signer, lifetimes_of
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from tests.integration.auth.known_devices import HEADER, devices_of, log_in, read
from tests.integration.service import MakeService, Service

HERE, THERE = Client("192.0.2.10"), Client("198.51.100.20")


async def test_a_login_issues_a_token_stores_its_hash_and_records_the_device_in_the_session(
    service: Service,
) -> None:
    person = await service.register()
    token = read(service, await log_in(service, person))
    assert str(token.user_id) == person.id
    assert devices_of(service, person) == {token.device_id: hash_secret(token.secret)}
    assert [session["device_id"] for session in service.sessions_of(person)] == [token.device_id]


async def test_a_device_that_sends_its_token_is_recognised(service: Service) -> None:
    person = await service.register()
    given = await log_in(service, person)
    service.clock.advance(timedelta(days=3))
    assert await log_in(service, person, given) == given
    (row,) = service.sql("SELECT created_at, seen_at FROM devices WHERE user_id = %s", person.id)
    assert row["seen_at"] - row["created_at"] == timedelta(days=3)
    assert len({session["device_id"] for session in service.sessions_of(person)}) == 1


async def test_an_invalid_token_or_one_of_another_user_is_ignored_and_replaced(service: Service) -> None:
    person, other = await service.register(), await service.register()
    foreign = await log_in(service, other)
    for shown in (foreign, "dwd_", foreign.swapcase(), "\u00e9", "x" * 4000):
        assert read(service, await log_in(service, person, shown)).user_id == UUID(person.id)
    assert set(devices_of(service, other)) == {read(service, foreign).device_id}


async def test_a_token_ends_with_all_sessions_of_its_user(service: Service) -> None:
    person = await service.register()
    given = await log_in(service, person)
    service.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    assert read(service, await log_in(service, person, given)).device_id != read(service, given).device_id


async def test_a_failed_login_issues_no_token(service: Service) -> None:
    person = await service.register()
    answer = await service.post_token(person.username, "wrong password")
    assert HEADER not in answer.headers
    assert devices_of(service, person) == {}


async def test_beyond_twenty_devices_those_never_seen_again_are_removed_first(service: Service) -> None:
    person = await service.register()
    kept = await log_in(service, person)
    service.clock.advance(timedelta(minutes=1))
    await log_in(service, person, kept)
    given = []
    for _ in range(MAXIMUM_KNOWN_DEVICES + 1):
        service.clock.advance(timedelta(minutes=1))
        given.append(read(service, await log_in(service, person)).device_id)
    assert set(devices_of(service, person)) == {read(service, kept).device_id, *given[2:]}
    service.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    newest = read(service, await log_in(service, person)).device_id
    assert newest in devices_of(service, person)
    assert len(devices_of(service, person)) == MAXIMUM_KNOWN_DEVICES


async def test_allowed_origins_may_send_and_read_the_header(make_service: MakeService) -> None:
    origin = {"Origin": "https://app.example.com"}
    service = await make_service(cors_allow_origins=origin["Origin"])
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": HEADER.lower()}
    assert (await service.client.options(TOKEN, headers=origin | preflight)).status_code == 200
    answer = await service.client.post(TOKEN, data={"username": "nobody", "password": PASSWORD}, headers=origin)
    assert HEADER in answer.headers["access-control-expose-headers"].split(", ")


@pytest.fixture
def sealer() -> AesGcmSealer:
    return AesGcmSealer([b"k" * 32])


@pytest.fixture
def login(service_alone: Service, sealer: AesGcmSealer) -> Login:
    """The login use case with mail configured."""
    settings = service_alone.settings
    lifetimes, codec = lifetimes_of(settings), RefreshTokenCodec(*keys(settings.keys, REFRESH_TOKEN_PURPOSE))
    issuer = TokenPairIssuer(signer=create_signer(settings, lifetimes, None), codec=codec, lifetimes=lifetimes)
    base = Foundation(settings, service_alone.database, service_alone.hasher, service_alone.clock, MailQueue(sealer))
    return create_login(base, issuer)


def mails_to(service: Service, sealer: AesGcmSealer, person: Person) -> list[MailRequest]:
    rows = service.sql("SELECT message_id, payload FROM outbox WHERE kind = %s ORDER BY id", MailKind.NEW_DEVICE)
    opened = [sealer.open(bytes(row["payload"]), context=sealing_context(row["message_id"])) for row in rows]
    return [mail for mail in map(MailRequest.from_bytes, opened) if str(mail.user_id) == person.id]


async def test_only_a_login_on_a_new_device_at_a_new_address_queues_a_mail(
    service_alone: Service, login: Login, sealer: AesGcmSealer
) -> None:
    person = await service_alone.register()
    first = await login.login(name=person.username, password=PASSWORD, client=HERE)
    await login.login(name=person.username, password=PASSWORD, client=HERE)
    await login.login(name=person.username, password=PASSWORD, client=THERE, device_token=first.device_token)
    assert mails_to(service_alone, sealer, person) == []
    elsewhere = Client("203.0.113.99")
    await login.login(name=person.username, password=PASSWORD, client=elsewhere, user_agent="Browser/1")
    (mail,) = mails_to(service_alone, sealer, person)
    at = f"{service_alone.clock.now():%Y-%m-%d %H:%M} UTC"
    assert mail.facts == {"user_agent": "Browser/1", "address": "203.0.113.99", "at": at}
    assert set(mail.facts) == set(NOTICE_FACTS[MailKind.NEW_DEVICE])


async def test_the_notice_of_an_unknown_program_and_address_says_nothing_about_them_and_is_kept_for_a_while(
    service_alone: Service, login: Login, sealer: AesGcmSealer
) -> None:
    person = await service_alone.register()
    for client in (HERE, NO_CLIENT):
        await login.login(name=person.username, password=PASSWORD, client=client)
    (mail,) = mails_to(service_alone, sealer, person)
    assert (mail.facts["user_agent"], mail.facts["address"]) == ("", "")
    (row,) = service_alone.sql("SELECT expires_at FROM outbox WHERE kind = %s", MailKind.NEW_DEVICE)
    assert row["expires_at"] == service_alone.clock.now() + NOTICE_KEPT


async def test_a_new_device_is_reported_also_to_a_user_without_sessions(
    service_alone: Service, login: Login, sealer: AesGcmSealer
) -> None:
    person = await service_alone.register()
    await login.login(name=person.username, password=PASSWORD, client=HERE)
    service_alone.sql("DELETE FROM sessions WHERE user_id = %s", person.id)
    await login.login(name=person.username, password=PASSWORD, client=HERE)
    assert len(mails_to(service_alone, sealer, person)) == 1
