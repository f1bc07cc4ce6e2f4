"""The budget that each mail uses, and the requests that wait for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from development.client import Person
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.accounts.verification import VerificationMail
from doorward.domain.auth.devices.known_devices import is_known_device
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.models import sealing_context
from doorward.wiring.mail import create_sealer
from tests.integration.accounts.conftest import LINKS, Mails
from tests.integration.accounts.mail import KnownAddresses, Mailing
from tests.integration.mailbox import make_service_with_mail
from tests.integration.service import FakeClock, MakeService

MINUTE: Final = timedelta(minutes=1)
FORGOT: Final = "/api/v1/auth/password/forgot"


async def device_of(mails: Mails, person: Person) -> str:
    """Log in, and return the token of the device."""
    return (await mails.service.post_login(person)).headers["doorward-device"]


async def origin_of_reset(mails: Mails, email: str, device: str | None) -> MailOrigin | None:
    """Request a reset; return the origin whose budget its mail uses."""
    await mails.recovery.request_reset(email, device_token=device)
    request = mails.requests(Person("", email, "", ""))[-1]
    return await ResetMail(mails.service.database, mails.clock, mails.tokens, LINKS).origin_of(request)


async def test_a_reset_requested_from_a_known_device_uses_the_owners_budget(mails: Mails) -> None:
    person, other = await mails.service.register(), await mails.service.register()
    own, foreign = await device_of(mails, person), await device_of(mails, other)
    assert await origin_of_reset(mails, person.email, own) is MailOrigin.OWNER
    for device in (None, "", "dwd_made-up", own[:-1], foreign):
        assert await origin_of_reset(mails, person.email, device) is MailOrigin.STRANGER, device


async def test_a_reset_requested_from_a_device_of_an_ended_epoch_uses_the_strangers_budget(mails: Mails) -> None:
    person = await mails.service.register()
    device = await device_of(mails, person)
    mails.service.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    assert await origin_of_reset(mails, person.email, device) is MailOrigin.STRANGER


async def test_a_request_with_a_device_is_stored_with_the_same_length_for_every_address(mails: Mails) -> None:
    person = await mails.service.register()
    device = await device_of(mails, person)
    lengths = set()
    for email in (person.email, f"{uuid4().hex[: len(person.email) - 12]}@example.com"):
        await mails.recovery.request_reset(email, device_token=device)
        (row,) = mails.service.sql("SELECT length(payload) AS bytes FROM outbox ORDER BY id DESC LIMIT 1")
        lengths.add(row["bytes"] - len(email))
    assert len(lengths) == 1
    assert device not in repr(mails.requests(person)[-1])


async def test_the_device_token_of_a_request_is_passed_to_the_worker(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service_with_mail(make_service, tmp_path, background="off")
    person = await service.register()
    device = (await service.post_login(person)).headers["doorward-device"]
    answer = await service.client.post(FORGOT, json={"email": person.email}, headers={"Doorward-Device": device})
    assert answer.status_code == 202
    (row,) = service.sql("SELECT message_id, payload FROM outbox ORDER BY id DESC LIMIT 1")
    context = sealing_context(row["message_id"])
    request = MailRequest.from_bytes(create_sealer(service.settings).open(row["payload"], context=context))
    async with service.database.connection() as connection:
        assert await is_known_device(connection, UUID(person.id), request.facts)


async def test_a_mail_to_an_unverified_address_uses_the_claimants_budget(mails: Mails) -> None:
    person = await mails.service.register()
    await mails.verification.send_again(await mails.caller(person))
    assert mails.requests(person)[-1].origin is MailOrigin.CLAIMANT


async def test_a_mail_that_is_no_longer_needed_does_not_wait_for_a_budget(own_database: str, clock: FakeClock) -> None:
    composer = KnownAddresses("ada@example.com")
    mailing = Mailing(own_database, clock, composer)
    for _ in range(2):
        await mailing.ask_for("ada@example.com", origin=MailOrigin.OWNER)
    await mailing.deliver()
    assert len(mailing.outbox.rows()) == 1
    composer.addresses = ()
    mailing.outbox.make_due()
    await mailing.deliver()
    assert mailing.outbox.rows() == []


async def test_only_the_newest_mail_of_a_user_and_a_kind_waits_for_the_budget(
    own_database: str, clock: FakeClock
) -> None:
    mailing = Mailing(own_database, clock, KnownAddresses("ada@example.com"))
    user_id, other = uuid4(), uuid4()
    for number in range(5):
        for each in (user_id, other):
            facts = {"number": str(number)}
            request = MailRequest(
                MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=each, email="ada@example.com", facts=facts
            )
            await mailing.ask(request)
        await mailing.deliver()
    # One of the first mails was sent; the newest request of each user waits.
    assert len(mailing.recipients()) == 1
    waiting = mailing.requests()
    assert {each.user_id for each in waiting} == {user_id, other}
    assert [each.facts["number"] for each in waiting] == ["4", "4"]
    for _ in range(2):
        clock.advance(MINUTE)
        mailing.outbox.make_due()
        await mailing.deliver()
    assert (len(mailing.recipients()), mailing.outbox.rows()) == (3, [])


async def test_a_request_during_the_delivery_of_a_mail_is_not_lost(own_database: str, clock: FakeClock) -> None:
    mailing = Mailing(own_database, clock, KnownAddresses("ada@example.com"))
    request = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=uuid4(), email="ada@example.com")
    await mailing.ask(request)
    mailing.postbox.meanwhile = lambda: mailing.ask(request)
    await mailing.deliver()
    assert (len(mailing.recipients()), len(mailing.outbox.rows())) == (1, 1)
    clock.advance(MINUTE)
    mailing.outbox.make_due()
    await mailing.deliver()
    assert (len(mailing.recipients()), mailing.outbox.rows()) == (2, [])


async def test_concurrent_requests_result_in_one_mail(mails: Mails) -> None:
    person = await mails.service.register()
    caller = await mails.caller(person)
    await asyncio.gather(*(mails.verification.send_again(caller) for _ in range(10)))
    assert [each.kind for each in mails.requests(person)] == [MailKind.VERIFY_EMAIL]


async def test_a_notice_does_not_replace_another_notice(mails: Mails) -> None:
    person = await mails.service.register()
    for kind in (MailKind.NEW_DEVICE, MailKind.NEW_DEVICE):
        notice = MailRequest(kind, MailOrigin.SERVICE, user_id=UUID(person.id))
        async with mails.service.database.transaction() as connection:
            await mails.queue.add(connection, notice, expires_at=mails.clock.now() + MINUTE)
    assert len(mails.requests(person)) == 2


async def test_a_verification_mail_is_needed_until_the_address_is_verified(mails: Mails) -> None:
    person = await mails.service.register()
    composer = VerificationMail(mails.service.database, mails.clock, mails.tokens, LINKS)
    request = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=UUID(person.id))
    assert await composer.origin_of(request) is MailOrigin.CLAIMANT
    assert await composer.origin_of(replace(request, user_id=uuid4())) is None
    mails.service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    assert await composer.origin_of(request) is None
