"""Pending registrations: what is stored and mailed for each address, and which requests are refused at once."""

from datetime import timedelta

import pytest

from development.client import PASSWORD, Person, new_person
from doorward.domain.accounts.pending_account_retention import PendingAccountRetention
from doorward.domain.accounts.registration_requests import LONGEST_REGISTRATION
from doorward.domain.auth.exceptions import (
    InvitationRequiredError,
    RegistrationClosedError,
    RegistrationDomainRefusedError,
    UsernameTakenError,
)
from doorward.domain.outbox.mail import MailKind
from tests.integration.accounts.conftest import token_of
from tests.integration.accounts.joining import Joining, joining_of, outcome
from tests.integration.service import FakeClock, Service

DAY = timedelta(days=1)


@pytest.fixture
def joining(service: Service, clock: FakeClock) -> Joining:
    return joining_of(service, clock)


async def test_an_address_with_an_account_gets_another_mail_and_stores_the_same_row(joining: Joining) -> None:
    owner, free = await joining.service.register(), new_person()
    taken = new_person()
    taken = Person("", owner.email, taken.username, taken.password)
    tokens = {each: await joining.request(each) for each in (taken, free)}
    mails = {each: await joining.mail(each.email) for each in (taken, free)}
    assert mails[taken].kind is MailKind.ACCOUNT_EXISTS
    assert mails[taken].facts == {}
    assert mails[free].kind is MailKind.CONFIRM_REGISTRATION
    ((of_taken,), (of_free,)) = (joining.pending_of(each.email) for each in (taken, free))
    assert {name: value is None for name, value in of_taken.items()} == dict.fromkeys(of_free, False)
    assert {name: value is None for name, value in of_free.items()} == dict.fromkeys(of_free, False)
    for each, registration_token in tokens.items():
        assert await outcome(joining.confirmation.confirm_by_code(registration_token, "00000000")) == "invalid_token"
        assert joining.pending_of(each.email)[0]["code_attempts"] == 1
        await joining.requests.resend(registration_token)
    (user,) = joining.users_of(owner.email)
    assert user["username"] == owner.username


async def test_mails_to_unconfirmed_addresses_contain_no_username(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    assert set((await joining.mail(person.email)).facts) == {"link", "code"}
    owner = await joining.service.register()
    joining.service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.id)
    await joining.request(Person("", owner.email, new_person().username, PASSWORD))
    assert (await joining.mail(owner.email)).facts == {"username": owner.username}


async def test_a_taken_username_is_refused_for_known_and_unknown_addresses(joining: Joining) -> None:
    owner = await joining.service.register()
    for email in (owner.email, new_person().email):
        person = Person("", email, owner.username.upper(), PASSWORD)
        with pytest.raises(UsernameTakenError):
            await joining.request(person)
        assert joining.pending_of(email) == []
        assert await joining.mails(email) == []


async def test_a_second_request_with_the_same_address_and_username_replaces_the_first(joining: Joining) -> None:
    person, spelt = new_person(), "another good password"
    first_token = await joining.request(person)
    first_mail = await joining.mail(person.email)
    local_part, _, domain = person.email.partition("@")
    second = Person("", f"{local_part.upper()}@{domain}", person.username.upper(), spelt)
    second_token = await joining.request(second)
    (row,) = joining.pending_of(person.email)
    assert (row["username"], row["secret_hash"], row["code_attempts"]) == (second.username, None, 0)
    assert (
        await outcome(joining.confirmation.confirm_by_token(token_of(first_mail), person.password)) == "invalid_token"
    )
    assert await outcome(joining.requests.resend(first_token)) == "invalid_token"
    assert (await joining.mails(person.email)) == [None]
    code = (await joining.mail(second.email)).facts["code"]
    await joining.confirmation.confirm_by_code(second_token, code)


async def test_closed_and_invite_only_registration_and_other_domains_are_refused(
    service: Service, clock: FakeClock
) -> None:
    person = new_person()
    with pytest.raises(RegistrationClosedError):
        await joining_of(service, clock, mode="closed").request(person)
    with pytest.raises(InvitationRequiredError):
        await joining_of(service, clock, mode="invite").request(person)
    domains = joining_of(service, clock, domains={"example.org"})
    for email in (person.email, "ada@sub.example.org", "ada@notexample.org"):
        with pytest.raises(RegistrationDomainRefusedError):
            await domains.request(Person("", email, person.username, person.password))
    await domains.request(Person("", f"{person.username}@Example.ORG", person.username, person.password))


async def test_a_registration_can_be_renewed_for_a_week_at_most(joining: Joining) -> None:
    person, step = new_person(), timedelta(hours=23)
    registration_token = await joining.request(person)
    begun_at = joining.clock.now()
    while await outcome(joining.requests.resend(registration_token)) == "":
        await joining.mail(person.email)
        assert joining.clock.now() - begun_at < LONGEST_REGISTRATION
        joining.clock.advance(step)
    (stored,) = joining.pending_of(person.email)
    assert stored["expires_at"] == begun_at + LONGEST_REGISTRATION
    await PendingAccountRetention(database=joining.service.database, clock=joining.clock).prune()
    assert joining.pending_of(person.email) == []


async def test_expired_registrations_are_removed_in_batches_and_live_ones_stay(
    service_alone: Service, clock: FakeClock
) -> None:
    joining = joining_of(service_alone, clock)
    for _ in range(5):
        await joining.request(new_person())
    clock.advance(DAY - timedelta(seconds=1))
    live = new_person()
    await joining.request(live)
    retention = PendingAccountRetention(database=service_alone.database, clock=clock, rows_per_batch=2)
    assert await retention.prune() == 0
    clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 5
    assert [row["email"] for row in service_alone.sql("SELECT email FROM pending_registrations")] == [live.email]
