"""Invitations: each is for one address and one use, and no user is stored before it is accepted."""

import asyncio
from datetime import timedelta

import pytest

from development.client import PASSWORD, new_person
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.accounts.pending_account_retention import PendingAccountRetention
from doorward.domain.administration.models import OPERATOR
from doorward.domain.auth.exceptions import EmailTakenError, InvalidEmailError
from doorward.domain.auth.ports import Client
from doorward.domain.outbox.exceptions import MailNotConfiguredError
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.administration import create_administration
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from tests.integration.accounts.conftest import token_of
from tests.integration.accounts.joining import Joining, joining_of, outcome
from tests.integration.service import FakeClock, Service, mark

WEEK = timedelta(days=7)


@pytest.fixture
def joining(service: Service, clock: FakeClock) -> Joining:
    return joining_of(service, clock)


def address() -> str:
    return f"{mark()}@example.com"


def chosen() -> Acceptance:
    return Acceptance(new_person().username, PASSWORD)


async def test_an_invitation_creates_an_account_for_the_invited_address_only(joining: Joining) -> None:
    email, acceptance = address(), chosen()
    await joining.invite(email)
    assert joining.users_of(email) == []
    token = token_of(await joining.mail(email))
    user = await joining.invitations.accept_by_token(token, acceptance, client=Client("198.51.100.9"))
    (stored,) = joining.users_of(email)
    assert (stored["id"], stored["email"], stored["username"]) == (user.id, email, acceptance.username)
    assert stored["email_verified_at"] == joining.clock.now()
    rows = joining.service.sql("SELECT type, personal FROM audit_events WHERE user_id = %s ORDER BY id", user.id)
    assert [row["type"] for row in rows] == ["user.registered", "user.verified", "invitation.accepted"]
    assert [row["personal"]["client"] for row in rows] == ["198.51.100.9"] * 3
    assert (await joining.service.post_token(acceptance.username, PASSWORD)).status_code == 200


async def test_concurrent_acceptances_of_one_invitation_create_one_account(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    mail = await joining.mail(email)
    token, code = token_of(mail), mail.facts["code"]
    uses = [joining.invitations.accept_by_token(token, chosen()) for _ in range(30)]
    uses += [joining.invitations.accept_by_code(email, code, chosen()) for _ in range(3)]
    outcomes = await asyncio.gather(*(outcome(each) for each in uses))
    assert sorted(outcomes) == ["", *["invalid_token"] * 32]
    assert len(joining.users_of(email)) == 1


async def test_a_refused_acceptance_leaves_the_invitation_valid(joining: Joining) -> None:
    email, owner = address(), await joining.service.register()
    await joining.invite(email)
    token = token_of(await joining.mail(email))
    for acceptance, code in (
        (Acceptance(owner.username.upper(), PASSWORD), "username_taken"),
        (Acceptance("admin", PASSWORD), "username_reserved"),
        (Acceptance("-", PASSWORD), "invalid_username"),
        (Acceptance(chosen().username, "password1"), "password_too_common"),
        (Acceptance(chosen().username, email), "password_is_name"),
        (Acceptance("", ""), "invalid_username"),
    ):
        assert await outcome(joining.invitations.accept_by_token(token, acceptance)) == code
    await joining.invitations.accept_by_token(token, chosen())


async def test_a_second_invitation_invalidates_the_first_one(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    first = token_of(await joining.mail(email))
    await joining.invite(email.upper())
    assert await joining.mails(email) == [None]
    assert await outcome(joining.invitations.accept_by_token(first, chosen())) == "invalid_token"
    stored = joining.service.sql("SELECT count(*) FROM invitations WHERE email_key = %s", email)
    assert stored == [{"count": 1}]


async def test_an_address_with_an_account_can_neither_be_invited_nor_accept_an_invitation(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    token = token_of(await joining.mail(email))
    assert (await joining.service.post_register(new_person().username, email, PASSWORD)).status_code == 201
    assert await outcome(joining.invitations.accept_by_token(token, chosen())) == "email_taken"
    with pytest.raises(EmailTakenError):
        await joining.invite(email)
    with pytest.raises(InvalidEmailError):
        await joining.invite("no address")
    assert len(joining.users_of(email)) == 1


async def test_the_link_is_valid_for_seven_days_and_the_code_for_fifteen_minutes(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    mail = await joining.mail(email)
    joining.clock.advance(timedelta(minutes=15))
    expired = joining.invitations.accept_by_code(email, mail.facts["code"], chosen())
    assert await outcome(expired) == "invalid_token"
    joining.clock.advance(WEEK - timedelta(minutes=15, seconds=1))
    reserved = joining.invitations.accept_by_token(token_of(mail), Acceptance("admin", PASSWORD))
    assert await outcome(reserved) == "username_reserved"
    joining.clock.advance(timedelta(seconds=1))
    assert await outcome(joining.invitations.accept_by_token(token_of(mail), chosen())) == "invalid_token"
    assert await joining.mails(email) == [None]


async def test_an_invalid_address_is_refused_before_the_password_is_checked(joining: Joining) -> None:
    for email in ("a" + "\u0345" * 1023, "ada"):
        acceptance = Acceptance(chosen().username, "password1")
        assert await outcome(joining.invitations.accept_by_code(email, "12345678", acceptance)) == "invalid_token"


async def test_after_five_wrong_codes_only_the_link_is_valid(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    mail = await joining.mail(email)
    wrong = f"{(int(mail.facts['code']) + 1) % 10**8:08d}"
    tries = [outcome(joining.invitations.accept_by_code(email, wrong, chosen())) for _ in range(20)]
    assert set(await asyncio.gather(*tries)) == {"invalid_token"}
    right = joining.invitations.accept_by_code(email, mail.facts["code"], chosen())
    assert await outcome(right) == "invalid_token"
    await joining.invitations.accept_by_token(token_of(mail), chosen())


async def test_a_taken_name_uses_up_no_attempt_of_the_right_code(joining: Joining) -> None:
    email, owner = address(), await joining.service.register()
    await joining.invite(email)
    code = (await joining.mail(email)).facts["code"]
    for _ in range(6):
        taken = joining.invitations.accept_by_code(email, code, Acceptance(owner.username, PASSWORD))
        assert await outcome(taken) == "username_taken"
    acceptance = chosen()
    assert (await joining.invitations.accept_by_code(email, code, acceptance)).username == acceptance.username


async def test_an_address_without_an_invitation_is_refused_like_a_wrong_code(joining: Joining) -> None:
    for email in (address(), "no address", "a\x00@example.com"):
        refused = joining.invitations.accept_by_code(email, "12345678", chosen())
        assert await outcome(refused) == "invalid_token"
    common = joining.invitations.accept_by_code(address(), "12345678", Acceptance(chosen().username, "password1"))
    assert await outcome(common) == "password_too_common"


async def test_tokens_of_other_purposes_accept_no_invitation_and_vice_versa(joining: Joining) -> None:
    email, person = address(), new_person()
    await joining.invite(email)
    invitation = token_of(await joining.mail(email))
    registration = await joining.request(person)
    confirmation = token_of(await joining.mail(person.email))
    for token in (registration, confirmation):
        assert await outcome(joining.invitations.accept_by_token(token, chosen())) == "invalid_token"
    assert await outcome(joining.confirmation.confirm_by_token(invitation, PASSWORD)) == "invalid_token"
    assert joining.users_of(email) == []


async def test_rows_contain_neither_token_nor_code(joining: Joining) -> None:
    email = address()
    await joining.invite(email)
    mail = await joining.mail(email)
    stored = repr(joining.service.sql("SELECT * FROM invitations") + joining.service.sql("SELECT * FROM outbox"))
    assert token_of(mail) not in stored
    assert mail.facts["code"] not in stored


async def test_without_mail_settings_no_address_is_invited(service: Service, clock: FakeClock) -> None:
    base = Foundation(service.settings, service.database, service.hasher, clock, MailQueue(None))
    invitations, email = create_administration(base, registration_rules(service.settings)).invitations, address()
    with pytest.raises(MailNotConfiguredError):
        await invitations.create(OPERATOR, email)
    assert service.sql("SELECT 1 FROM invitations WHERE email_key = %s", email) == []


async def test_expired_invitations_are_removed_and_live_ones_stay(service_alone: Service, clock: FakeClock) -> None:
    joining = joining_of(service_alone, clock)
    for _ in range(3):
        await joining.invite(address())
    clock.advance(WEEK - timedelta(seconds=1))
    live = address()
    await joining.invite(live)
    retention = PendingAccountRetention(database=service_alone.database, clock=clock, rows_per_batch=2)
    assert await retention.prune() == 0
    clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 3
    assert [row["email"] for row in service_alone.sql("SELECT email FROM invitations")] == [live]
