"""Mail from request to delivery: encrypted, within budgets, composed at delivery, only for the intended recipient."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from doorward.domain.accounts.mail_budgets import MailBudgetRetention
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.models import Delivered, Outage, Outcome, Refused, TryAgain
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.accounts.mail import KnownAddresses, Mailing
from tests.integration.service import FakeClock, Logs, events, mark

MINUTE = timedelta(minutes=1)


def address() -> str:
    return f"{mark()}@example.com"


@pytest.fixture
def known() -> str:
    return address()


@pytest.fixture
def composer(known: str) -> KnownAddresses:
    return KnownAddresses(known)


@pytest.fixture
def mailing(own_database: str, clock: FakeClock, composer: KnownAddresses) -> Mailing:
    return Mailing(own_database, clock, composer)


async def test_a_requested_mail_is_sent(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    (row,) = mailing.outbox.rows()
    await mailing.deliver()
    (mail,) = mailing.postbox.delivered
    assert (mail.to, mail.message_id) == (known, row["message_id"])
    assert "1234 5678" in mail.content.text
    assert mailing.outbox.rows() == []


async def test_an_address_without_an_account_gets_no_mail_and_leaves_no_row(mailing: Mailing) -> None:
    await mailing.ask_for(address())
    await mailing.deliver()
    assert (mailing.recipients(), mailing.outbox.rows()) == ([], [])


async def test_an_invalid_address_gets_no_mail(mailing: Mailing, composer: KnownAddresses) -> None:
    await mailing.ask_for("no address")
    await mailing.ask(MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER))
    await mailing.deliver()
    assert composer.asked == 0
    assert mailing.outbox.rows() == []


async def test_a_dump_of_the_tables_contains_no_address_and_no_token(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    await mailing.ask(MailRequest(MailKind.NEW_DEVICE, MailOrigin.SERVICE, uuid4(), facts={"user_agent": known}))
    before = mailing.outbox.sql("SELECT outbox::text AS dump, payload FROM outbox")
    assert len(before) == 2
    mailing.postbox.outcomes = [TryAgain("smtp_451")]
    await mailing.deliver()
    after = mailing.outbox.sql("SELECT outbox::text AS dump, payload FROM outbox")
    budgets = mailing.outbox.sql("SELECT mail_budgets::text AS dump, address_mac AS payload FROM mail_budgets")
    assert budgets
    for row in (*before, *after, *budgets):
        for text in (known, known.partition("@")[0], "dwo_", "1234 5678", "12345678"):
            assert text not in row["dump"]
            assert text.encode() not in bytes(row["payload"])


async def test_a_payload_under_another_message_id_is_unreadable(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    mailing.outbox.sql("UPDATE outbox SET message_id = gen_random_uuid()")
    assert await mailing.outcome() == Refused("unreadable", is_answer=False)
    await mailing.deliver()
    assert mailing.recipients() == []
    assert [row["dead_reason"] for row in mailing.outbox.rows()] == ["unreadable"]


async def test_a_row_of_an_unknown_kind_is_a_dead_letter(mailing: Mailing) -> None:
    await mailing.ask(MailRequest(MailKind.EMAIL_CHANGE_NEW, MailOrigin.OWNER, email=address()))
    assert await mailing.outcome() == Refused("unknown_kind", is_answer=False)
    await mailing.deliver()
    assert [row["dead_reason"] for row in mailing.outbox.rows()] == ["unknown_kind"]


async def test_queued_mail_survives_a_change_of_keys(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    mailing.restart(AesGcmSealer([bytes(32), bytes(range(32))]))
    await mailing.deliver()
    assert mailing.recipients() == [known]


async def test_strangers_cause_at_most_one_mail_of_a_kind_per_minute(
    mailing: Mailing, known: str, composer: KnownAddresses, logs: Logs
) -> None:
    for _ in range(3):
        await mailing.ask_for(known)
    await mailing.deliver()
    assert mailing.recipients() == [known]
    assert composer.asked == 1, "a request beyond the budget must not replace the token of the mail that was sent"
    assert mailing.outbox.rows() == []
    assert len(events(logs, "outbox.suppressed")) == 2
    await mailing.ask_for(known, kind=MailKind.VERIFY_EMAIL)
    await mailing.deliver()
    mailing.clock.advance(MINUTE)
    await mailing.ask_for(known)
    await mailing.deliver()
    assert mailing.recipients() == [known] * 3


async def test_spellings_of_one_address_share_its_budget(
    mailing: Mailing, known: str, composer: KnownAddresses
) -> None:
    composer.addresses = (known, known.upper())
    await mailing.ask_for(known)
    await mailing.deliver()
    await mailing.ask_for(known.upper())
    await mailing.deliver()
    assert mailing.recipients() == [known]


async def test_strangers_cause_at_most_ten_mails_a_day_and_leave_the_owners_budget_unused(
    mailing: Mailing, known: str
) -> None:
    for _ in range(12):
        await mailing.ask_for(known)
        await mailing.deliver()
        mailing.clock.advance(MINUTE)
    assert len(mailing.recipients()) == 10
    await mailing.ask_for(known, origin=MailOrigin.OWNER)
    await mailing.deliver()
    assert len(mailing.recipients()) == 11
    mailing.clock.advance(timedelta(days=1))
    await mailing.ask_for(known)
    await mailing.deliver()
    assert len(mailing.recipients()) == 12


async def test_requests_beyond_the_budget_of_a_minute_do_not_count_for_the_day(mailing: Mailing, known: str) -> None:
    for _ in range(2):
        for _ in range(12):
            await mailing.ask_for(known)
        await mailing.deliver()
        mailing.clock.advance(MINUTE)
    assert len(mailing.recipients()) == 2


async def test_the_owners_mail_waits_for_its_budget_and_is_never_dropped(mailing: Mailing, known: str) -> None:
    for _ in range(2):
        await mailing.ask_for(known, origin=MailOrigin.OWNER)
    await mailing.deliver()
    assert len(mailing.recipients()) == 1
    (row,) = mailing.outbox.rows()
    assert row["attempts"] == 0
    assert 50 < row["wait"] <= 60
    mailing.clock.advance(MINUTE)
    mailing.outbox.make_due()
    await mailing.deliver()
    assert len(mailing.recipients()) == 2


async def test_notices_have_no_budget(mailing: Mailing) -> None:
    user = mailing.add_user()
    for _ in range(12):
        await mailing.ask(MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user["id"]))
    await mailing.deliver()
    assert len(mailing.recipients()) == 12


@pytest.mark.parametrize("failure", [TryAgain("smtp_451"), Outage("ConnectionRefusedError")])
async def test_a_failed_delivery_uses_no_budget(mailing: Mailing, known: str, failure: Outcome) -> None:
    mailing.postbox.outcomes = [failure, failure, Delivered()]
    await mailing.ask_for(known)
    for _ in range(3):
        await mailing.deliver()
        mailing.outbox.make_due()
    assert mailing.recipients() == [known]
    assert mailing.outbox.sql("SELECT DISTINCT mails FROM mail_budgets") == [{"mails": 1}]


async def test_requests_without_a_mail_use_no_budget(mailing: Mailing, composer: KnownAddresses) -> None:
    newcomer = address()
    for _ in range(10):
        await mailing.ask_for(newcomer)
        await mailing.deliver()
        mailing.clock.advance(MINUTE)
    composer.addresses = (newcomer,)
    await mailing.ask_for(newcomer, kind=MailKind.VERIFY_EMAIL)
    await mailing.deliver()
    assert mailing.recipients() == [newcomer]
    assert mailing.outbox.sql("SELECT DISTINCT mails FROM mail_budgets WHERE mails > 0") == [{"mails": 1}]


async def test_a_clock_set_back_does_not_block_a_budget(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    await mailing.deliver()
    mailing.clock.advance(timedelta(days=-400))
    await mailing.ask_for(known)
    await mailing.deliver()
    assert len(mailing.recipients()) == 2


async def test_expired_budgets_are_removed(mailing: Mailing, known: str) -> None:
    await mailing.ask_for(known)
    await mailing.deliver()
    retention = MailBudgetRetention(database=mailing.outbox.database, clock=mailing.clock)
    mailing.clock.advance(timedelta(days=1) - timedelta(seconds=1))
    assert await retention.prune() == 0
    mailing.clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 2


def version_of(mailing: Mailing, user: Mapping[str, Any]) -> int:
    """Return the version of an account, which changes with what an administrator reads of it."""
    (row,) = mailing.outbox.sql("SELECT version FROM users WHERE id = %s", user["id"])
    return int(row["version"])


async def test_a_bounce_is_stored_and_the_next_delivery_removes_it(mailing: Mailing, composer: KnownAddresses) -> None:
    user, other = mailing.add_user(), mailing.add_user()
    composer.addresses = (user["email"],)
    mailing.postbox.outcomes = [Refused("smtp_550", is_unknown_mailbox=True), Delivered()]
    await mailing.ask_for(user["email"])
    await mailing.deliver()
    assert mailing.bounced_at(user) == mailing.clock.now()
    assert version_of(mailing, user) == 2
    assert mailing.bounced_at(other) is None
    mailing.clock.advance(MINUTE)
    await mailing.ask_for(user["email"])
    await mailing.deliver()
    assert mailing.bounced_at(user) is None
    assert version_of(mailing, user) == 3


async def test_other_delivery_errors_are_not_stored_as_bounces(mailing: Mailing, composer: KnownAddresses) -> None:
    user = mailing.add_user()
    composer.addresses = (user["email"],)
    mailing.postbox.outcomes = [Refused("smtp_554")]
    await mailing.ask_for(user["email"])
    await mailing.deliver()
    assert mailing.bounced_at(user) is None


async def test_a_notice_is_sent_to_a_verified_address_and_contains_the_username(mailing: Mailing) -> None:
    user = mailing.add_user()
    facts = {"at": "noon", "address": "203.0.113.7", "user_agent": f"curl\r\nBcc: eve@example.com{'x' * 500}"}
    await mailing.ask(MailRequest(MailKind.NEW_DEVICE, MailOrigin.SERVICE, user["id"], facts=facts))
    await mailing.deliver()
    (mail,) = mailing.postbox.delivered
    assert mail.to == user["email"]
    assert f"Hello {user['username']}," in mail.content.text
    assert "Program: curl  Bcc: eve@example.com" in mail.content.text
    assert "x" * 200 not in mail.content.text


@pytest.mark.parametrize("state", [{"verified": False}, {"bounced": True}])
async def test_a_notice_to_an_unverified_or_bounced_address_is_not_sent(
    mailing: Mailing, state: dict[str, bool]
) -> None:
    user = mailing.add_user(**state)
    await mailing.ask(MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user["id"]))
    await mailing.deliver()
    assert (mailing.recipients(), mailing.outbox.rows()) == ([], [])


async def test_a_notice_about_a_removed_user_is_not_sent(mailing: Mailing) -> None:
    await mailing.ask(MailRequest(MailKind.DELETION_SCHEDULED, MailOrigin.SERVICE, uuid4()))
    await mailing.deliver()
    assert (mailing.recipients(), mailing.outbox.rows()) == ([], [])


async def test_a_notice_can_be_sent_to_the_previous_address(mailing: Mailing) -> None:
    user, before = mailing.add_user(verified=False), address()
    await mailing.ask(MailRequest(MailKind.EMAIL_CHANGED, MailOrigin.SERVICE, user["id"], email=before))
    await mailing.deliver()
    assert mailing.recipients() == [before]
