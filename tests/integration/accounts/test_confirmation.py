"""Registration with confirmation: only the requester who received the mail creates the account; no enumeration."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from development.client import PASSWORD, Person, new_person
from doorward.domain.auth.exceptions import (
    InvalidOneTimeTokenError,
)
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_secret
from doorward.domain.outbox.mail import ComposedMail
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.wiring.keys import keys
from tests.integration.accounts.conftest import token_of
from tests.integration.accounts.joining import Joining, joining_of, outcome
from tests.integration.service import FakeClock, Logs, Service, events

DAY = timedelta(days=1)


@pytest.fixture
def joining(service: Service, clock: FakeClock) -> Joining:
    return joining_of(service, clock)


def another_code(mail: ComposedMail) -> str:
    return f"{(int(mail.facts['code']) + 1) % 10**8:08d}"


async def test_the_mailed_token_and_the_password_create_a_verified_account(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    assert joining.users_of(person.email) == []
    assert (await joining.service.post_login(person)).status_code == 401
    user = await joining.confirmation.confirm_by_token(token_of(await joining.mail(person.email)), person.password)
    (stored,) = joining.users_of(person.email)
    assert (stored["id"], stored["email_verified_at"]) == (user.id, joining.clock.now())
    assert joining.pending_of(person.email) == []
    assert (await joining.service.post_login(person)).status_code == 200
    rows = joining.service.sql("SELECT type FROM audit_events WHERE user_id = %s ORDER BY id", user.id)
    assert [row["type"] for row in rows][:2] == ["user.registered", "user.verified"]


async def test_the_mailed_code_and_the_registration_token_create_an_account(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    assert (
        await outcome(joining.confirmation.confirm_by_code(registration_token, another_code(mail))) == "invalid_token"
    )
    await joining.confirmation.confirm_by_code(registration_token, mail.facts["code"])
    assert (await joining.service.post_login(person)).status_code == 200


async def test_the_mailed_code_and_all_entered_values_create_an_account(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    code = (await joining.mail(person.email)).facts["code"]
    typed: dict[str, Any] = {
        "email": person.email.upper(),
        "username": person.username.upper(),
        "password": person.password,
    }
    for wrong in ({"email": "else@example.com"}, {"username": "else"}, {"password": "not the password"}):
        assert (
            await outcome(joining.confirmation.confirm_by_names_and_code(**{**typed, **wrong}, code=code))
            == "invalid_token"
        )
    await joining.confirmation.confirm_by_names_and_code(**typed, code=code)
    assert len(joining.users_of(person.email)) == 1


async def test_the_owner_of_the_mailbox_cannot_complete_a_registration_of_another_person(joining: Joining) -> None:
    attacker = new_person()
    await joining.request(attacker)
    mail = await joining.mail(attacker.email)
    token, code = token_of(mail), mail.facts["code"]
    own = await joining.request(new_person())
    assert await outcome(joining.confirmation.confirm_by_token(token, "a guess of it")) == "invalid_token"
    assert await outcome(joining.confirmation.confirm_by_code(own, code)) == "invalid_token"
    assert await outcome(joining.confirmation.confirm_by_code(token, code)) == "invalid_token"
    assert joining.users_of(attacker.email) == []


async def test_a_registration_cannot_be_completed_without_the_mail(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    await joining.mail(person.email)
    assert await outcome(joining.confirmation.confirm_by_token(registration_token, person.password)) == "invalid_token"
    assert await outcome(joining.confirmation.confirm_by_code(registration_token, "00000000")) == "invalid_token"
    assert joining.users_of(person.email) == []


async def test_password_guesses_are_throttled_as_at_a_login(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    token = token_of(await joining.mail(person.email))
    guesses = [
        await outcome(joining.confirmation.confirm_by_token(token, "wrong password")) for _ in range(LOGIN_CURVE.free)
    ]
    assert set(guesses) == {"invalid_token"}
    assert await outcome(joining.confirmation.confirm_by_token(token, person.password)) == "login_throttled"


async def test_responses_do_not_reveal_whether_a_registration_is_pending(joining: Joining) -> None:
    person, other = new_person(), new_person()
    await joining.request(person)
    seen = {}
    for email, username in (
        (person.email, person.username),
        (person.email, other.username),
        (other.email, person.username),
        ("no address", "-"),
    ):
        typed: dict[str, Any] = {"email": email, "username": username, "password": "wrong password", "code": "1"}
        before = joining.service.connections_asked_for()
        answers = [
            await outcome(joining.confirmation.confirm_by_names_and_code(**typed)) for _ in range(LOGIN_CURVE.free + 1)
        ]
        # Invalid addresses and usernames are not looked up, which reveals nothing about registrations.
        looked_up = joining.service.connections_asked_for() - before
        seen[email, username] = (*answers, looked_up if "@" in email else None)
    refusals = (*["invalid_token"] * LOGIN_CURVE.free, "login_throttled")
    assert {each[:-1] for each in seen.values()} == {refusals}
    assert len({each[-1] for each in seen.values()} - {None}) == 1


async def test_wrong_guesses_by_username_do_not_throttle_the_owners_link(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    token = token_of(await joining.mail(person.email))
    typed: dict[str, Any] = {"email": person.email, "username": person.username, "password": "wrong", "code": "1"}
    for _ in range(LOGIN_CURVE.free + 1):
        await outcome(joining.confirmation.confirm_by_names_and_code(**typed))
    await joining.confirmation.confirm_by_token(token, person.password)
    assert len(joining.users_of(person.email)) == 1


async def test_the_first_confirmed_of_two_registrations_gets_the_username(joining: Joining) -> None:
    first, second = new_person(), new_person()
    second = Person("", second.email, first.username, second.password)
    for each in (first, second):
        await joining.request(each)
    tokens = [token_of(await joining.mail(each.email)) for each in (first, second)]
    await joining.confirmation.confirm_by_token(tokens[1], second.password)
    assert await outcome(joining.confirmation.confirm_by_token(tokens[0], first.password)) == "invalid_token"
    assert joining.users_of(first.email) == []


async def test_an_address_that_got_an_account_meanwhile_gets_no_second_one(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    answer = await joining.service.post_register(new_person().username, person.email, PASSWORD)
    assert answer.status_code == 201
    assert await outcome(joining.confirmation.confirm_by_token(token_of(mail), person.password)) == "invalid_token"
    refused = joining.confirmation.confirm_by_code(registration_token, mail.facts["code"])
    assert await outcome(refused) == "invalid_token"
    await joining.requests.resend(registration_token)
    assert len(joining.users_of(person.email)) == 1


async def test_concurrent_confirmations_create_one_account(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    confirm = joining.confirmation
    uses = [confirm.confirm_by_token(token_of(mail), person.password) for _ in range(LOGIN_CURVE.free // 2)]
    uses += [confirm.confirm_by_code(registration_token, mail.facts["code"]) for _ in range(3)]
    outcomes = await asyncio.gather(*(outcome(each) for each in uses))
    assert sorted(outcomes) == ["", *["invalid_token"] * (len(uses) - 1)]
    assert len(joining.users_of(person.email)) == 1


async def test_after_five_wrong_codes_only_the_link_is_valid(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    tries = [outcome(joining.confirmation.confirm_by_code(registration_token, another_code(mail))) for _ in range(20)]
    assert set(await asyncio.gather(*tries)) == {"invalid_token"}
    assert joining.pending_of(person.email)[0]["code_attempts"] == 5
    right = joining.confirmation.confirm_by_code(registration_token, mail.facts["code"])
    assert await outcome(right) == "invalid_token"
    await joining.confirmation.confirm_by_token(token_of(mail), person.password)


async def test_a_second_mail_invalidates_the_link_of_the_first(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    first = await joining.mail(person.email)
    await joining.requests.resend(registration_token)
    second = await joining.mail(person.email)
    assert await outcome(joining.confirmation.confirm_by_token(token_of(first), person.password)) == "invalid_token"
    await joining.confirmation.confirm_by_token(token_of(second), person.password)
    assert await outcome(joining.requests.resend(registration_token)) == "invalid_token"


async def test_the_link_is_valid_for_a_day_and_the_code_for_fifteen_minutes(joining: Joining) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    joining.clock.advance(timedelta(minutes=15))
    expired = joining.confirmation.confirm_by_code(registration_token, mail.facts["code"])
    assert await outcome(expired) == "invalid_token"
    joining.clock.advance(DAY - timedelta(minutes=15, seconds=1))
    assert await outcome(joining.confirmation.confirm_by_token(token_of(mail), "wrong password")) == "invalid_token"
    joining.clock.advance(timedelta(seconds=1))
    assert await outcome(joining.confirmation.confirm_by_token(token_of(mail), person.password)) == "invalid_token"
    assert await outcome(joining.requests.resend(registration_token)) == "invalid_token"


@pytest.mark.parametrize("token", ["", "dwo_", "dwo_made-up", "dwr_" + "A" * 87, "\ud800"])
async def test_a_forged_token_is_refused_without_a_query(joining: Joining, token: str) -> None:
    before = joining.service.connections_asked_for()
    for call in (
        joining.confirmation.confirm_by_token(token, PASSWORD),
        joining.confirmation.confirm_by_code(token, "12345678"),
        joining.requests.resend(token),
    ):
        with pytest.raises(InvalidOneTimeTokenError):
            await call
    assert joining.service.connections_asked_for() == before


async def test_a_token_signed_with_the_key_but_with_another_secret_is_refused(joining: Joining) -> None:
    person = new_person()
    await joining.request(person)
    code = (await joining.mail(person.email)).facts["code"]
    (row,) = joining.pending_of(person.email)

    def forged(purpose: Purpose) -> str:
        codec = OneTimeTokenCodec(*keys(joining.service.settings.keys, ONE_TIME_TOKEN_PURPOSE))
        return codec.encode(OneTimeToken(purpose, row["id"], new_secret()))

    confirm, requester = joining.confirmation, forged(Purpose.REQUEST_REGISTRATION)
    assert await outcome(confirm.confirm_by_token(forged(Purpose.CONFIRM_REGISTRATION), PASSWORD)) == "invalid_token"
    assert await outcome(confirm.confirm_by_code(requester, code)) == "invalid_token"
    assert await outcome(joining.requests.resend(requester)) == "invalid_token"
    assert joining.users_of(person.email) == []


async def test_rows_and_logs_contain_no_token_code_or_password(joining: Joining, logs: Logs) -> None:
    person = new_person()
    registration_token = await joining.request(person)
    mail = await joining.mail(person.email)
    stored = repr(joining.pending_of(person.email)) + repr(joining.service.sql("SELECT * FROM outbox"))
    await joining.confirmation.confirm_by_code(registration_token, mail.facts["code"])
    for secret in (registration_token, token_of(mail), mail.facts["code"], person.password):
        assert secret not in stored + logs.getvalue()
    assert person.email not in logs.getvalue()
    assert len(events(logs, "accounts.registration.requested")) == 1
