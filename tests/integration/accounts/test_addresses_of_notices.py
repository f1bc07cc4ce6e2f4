"""A notice is sent to the address that the account had at the event, even after a change of address."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from development.client import TOKEN
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.models import sealing_context
from doorward.wiring.mail import create_sealer
from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.accounts.leaving import leave
from tests.integration.accounts.mail import KnownAddresses, Mailing
from tests.integration.accounts.own_account import NEW_PASSWORD, Owner, signed_in
from tests.integration.mailbox import make_service_with_mail
from tests.integration.mfa.protected import TOTP, Protected
from tests.integration.service import FakeClock, MakeService, Service


async def change_password(owner: Owner) -> None:
    await owner.change_password()


async def log_in_elsewhere(owner: Owner) -> None:
    stranger = owner.service.client_at("198.51.100.9")
    form = {"username": owner.person.username, "password": owner.person.password}
    assert (await stranger.post(TOKEN, data=form)).status_code == 200


async def log_in_elsewhere_with_a_factor(owner: Owner) -> None:
    protected = await _with_application(owner)
    stranger = owner.service.client_at("198.51.100.9")
    form = {"username": owner.person.username, "password": owner.person.password}
    token = (await stranger.post(TOKEN, data=form)).json()["mfa_token"]
    code = {"mfa_token": token, "code": protected.code()}
    assert (await stranger.post(TOTP, json=code)).status_code == 200


async def _with_application(owner: Owner) -> Protected:
    """Set up an application, for which the address must be verified at that moment."""
    (before,) = owner.service.sql("SELECT email_verified_at FROM users WHERE id = %s", owner.person.id)
    verify = "UPDATE users SET email_verified_at = %s WHERE id = %s"
    owner.service.sql(verify, owner.service.clock.now(), owner.person.id)
    protected = await Protected.enrolled(owner)
    owner.service.sql(verify, before["email_verified_at"], owner.person.id)
    return protected


async def reuse_a_refresh_token(owner: Owner) -> None:
    await owner.service.refresh(owner.pair.refresh)
    assert (await owner.service.post_refresh(owner.pair.refresh)).status_code == 401


EVENTS: Final[list[tuple[MailKind, Callable[[Owner], Awaitable[object]]]]] = [
    (MailKind.PASSWORD_CHANGED, change_password),
    (MailKind.DELETION_SCHEDULED, leave),
    (MailKind.NEW_DEVICE, log_in_elsewhere),
    (MailKind.NEW_DEVICE, log_in_elsewhere_with_a_factor),
    (MailKind.REUSE_DETECTED, reuse_a_refresh_token),
]


def notice(service: Service, kind: MailKind) -> MailRequest:
    (row,) = service.sql("SELECT message_id, payload FROM outbox WHERE kind = %s", kind)
    context = sealing_context(row["message_id"])
    return MailRequest.from_bytes(create_sealer(service.settings).open(row["payload"], context=context))


@pytest.mark.parametrize(("kind", "happens"), EVENTS)
@pytest.mark.parametrize("is_verified", [True, False])
async def test_a_notice_request_contains_the_address_at_the_event_if_it_is_verified(
    service: Service, kind: MailKind, happens: Callable[[Owner], Awaitable[object]], *, is_verified: bool
) -> None:
    owner = await signed_in(service)
    if is_verified:
        service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    await happens(owner)
    assert notice(service, kind).email == (owner.person.email if is_verified else None)


async def test_the_notice_of_a_deletion_has_its_time_in_utc(service: Service) -> None:
    due = await leave(await signed_in(service))
    assert notice(service, MailKind.DELETION_SCHEDULED).facts == {"deletes_at": f"{due:%Y-%m-%d %H:%M} UTC"}


async def test_the_notice_of_a_reset_is_sent_to_the_address_that_the_reset_verified(mails: Mails) -> None:
    person = await mails.service.register()
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    assert [each.email for each in mails.requests(person) if each.kind is MailKind.PASSWORD_CHANGED] == [person.email]


@pytest.mark.parametrize(("has_bounced", "sent_to_present"), [(False, 1), (True, 0)])
async def test_a_notice_sent_after_a_change_goes_to_the_previous_address(
    own_database: str, clock: FakeClock, *, has_bounced: bool, sent_to_present: int
) -> None:
    mailing = Mailing(own_database, clock, KnownAddresses())
    user = mailing.add_user(bounced=has_bounced)
    for email in ("owner@example.com", user["email"]):
        await mailing.ask(MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user["id"], email=email))
    await mailing.deliver()
    assert sorted(mailing.recipients()) == ["owner@example.com", *[user["email"]] * sent_to_present]


@pytest.fixture
async def service(make_service: MakeService, own_database: str, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path, database_url=own_database, background="off")
