"""The verification of an address: a mailed secret is valid only with a session or the password of the account."""

import asyncio
from datetime import timedelta

import pytest

from development.client import Person
from doorward.domain.auth.exceptions import (
    InvalidAccessTokenError,
    InvalidCredentialsError,
    InvalidOneTimeTokenError,
    LoginThrottledError,
)
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.domain.outbox.mail import ComposedMail
from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.service import mark


def is_verified(mails: Mails, person: Person) -> bool:
    (user,) = mails.service.sql("SELECT email_verified_at FROM users WHERE id = %s", person.id)
    return user["email_verified_at"] is not None


async def test_the_mailed_token_verifies_the_address_in_a_session_of_the_account(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.verification_mail(person))
    await mails.verification.verify_by_session(await mails.caller(person), token=token)
    assert is_verified(mails, person)


async def test_the_mailed_code_verifies_the_address_in_a_session_of_the_account(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.verification_mail(person)
    assert mail is not None
    await mails.verification.verify_by_session(await mails.caller(person), code=mail.facts["code"])
    assert is_verified(mails, person)


async def test_the_mailed_token_and_the_password_verify_the_address(mails: Mails) -> None:
    person = await mails.service.register()
    await mails.verification.verify_by_password(token_of(await mails.verification_mail(person)), person.password)
    assert is_verified(mails, person)


async def test_username_password_and_the_mailed_code_verify_the_address(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.verification_mail(person)
    assert mail is not None
    await mails.verification.verify_by_name_and_code(person.username, person.password, mail.facts["code"])
    assert is_verified(mails, person)


async def test_the_owner_of_the_mailbox_cannot_verify_an_account_of_another_person(mails: Mails) -> None:
    attacker, owner = await mails.service.register(), await mails.service.register()
    mail = await mails.verification_mail(attacker)
    assert mail is not None
    caller = await mails.caller(owner)
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_session(caller, token=token_of(mail))
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_session(caller, code=mail.facts["code"])
    with pytest.raises(InvalidCredentialsError):
        await mails.verification.verify_by_password(token_of(mail), "a guess of the password")
    assert not is_verified(mails, attacker)
    # None of these attempts has used up the token.
    await mails.verification.verify_by_session(await mails.caller(attacker), token=token_of(mail))


async def test_a_session_may_repeat_the_correct_token_and_other_callers_may_not(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.verification_mail(person))
    caller = await mails.caller(person)
    for _ in range(2):
        await mails.verification.verify_by_session(caller, token=token)
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_password(token, person.password)


async def test_concurrent_uses_of_one_token_verify_once(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.verification_mail(person))
    caller = await mails.caller(person)
    await asyncio.gather(*(mails.verification.verify_by_session(caller, token=token) for _ in range(100)))
    recorded = "SELECT 1 FROM audit_events WHERE user_id = %s AND type = 'user.verified'"
    assert len(mails.service.sql(recorded, person.id)) == 1


async def test_a_verified_address_gets_no_further_mail(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.verification_mail(person))
    await mails.verification.verify_by_session(await mails.caller(person), token=token)
    assert await mails.verification_mail(person) is None


async def test_a_new_mail_invalidates_the_previous_token(mails: Mails) -> None:
    person = await mails.service.register()
    first = token_of(await mails.verification_mail(person))
    second = token_of(await mails.verification_mail(person))
    caller = await mails.caller(person)
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_session(caller, token=first)
    await mails.verification.verify_by_session(caller, token=second)


async def test_a_token_expires_after_a_day(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.verification_mail(person))
    caller = await mails.caller(person)
    mails.clock.advance(timedelta(hours=24))
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_session(caller, token=token)


async def test_an_inactive_account_cannot_be_verified(mails: Mails) -> None:
    person = await mails.service.register()
    token, caller = token_of(await mails.verification_mail(person)), await mails.caller(person)
    mails.service.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)
    with pytest.raises(InvalidAccessTokenError):
        await mails.verification.verify_by_session(caller, token=token)
    assert not is_verified(mails, person)


async def try_to_verify(mails: Mails, way: str, name: str, password: str, mail: ComposedMail) -> None:
    if way == "token":
        await mails.verification.verify_by_password(token_of(mail), password)
    else:
        await mails.verification.verify_by_name_and_code(name, password, mail.facts["code"])


@pytest.mark.parametrize("way", ["token", "code"])
async def test_each_wrong_password_counts_as_a_failed_login(mails: Mails, way: str) -> None:
    person = await mails.service.register()
    mail = await mails.verification_mail(person)
    assert mail is not None
    for _ in range(LOGIN_CURVE.free):
        with pytest.raises(InvalidCredentialsError):
            await try_to_verify(mails, way, person.username, "a guess of the password", mail)
    with pytest.raises(LoginThrottledError):
        await try_to_verify(mails, way, person.username, person.password, mail)
    assert (await mails.service.post_login(person)).status_code == 429
    assert not is_verified(mails, person)


async def test_a_username_without_an_account_is_throttled_like_any_other(mails: Mails) -> None:
    name = mark()
    for _ in range(LOGIN_CURVE.free):
        with pytest.raises(InvalidCredentialsError):
            await mails.verification.verify_by_name_and_code(name, "a guess of the password", "00000000")
    with pytest.raises(LoginThrottledError):
        await mails.verification.verify_by_name_and_code(name, "a guess of the password", "00000000")


@pytest.mark.parametrize("way", ["token", "code"])
async def test_the_correct_password_resets_the_count_of_wrong_ones(mails: Mails, way: str) -> None:
    person = await mails.service.register()
    mail = await mails.verification_mail(person)
    assert mail is not None
    for _ in range(LOGIN_CURVE.free - 1):
        with pytest.raises(InvalidCredentialsError):
            await try_to_verify(mails, way, person.username, "a guess of the password", mail)
    await try_to_verify(mails, way, person.username, person.password, mail)
    assert is_verified(mails, person)
    for _ in range(2):
        assert (await mails.service.post_token(person.username, "a guess of the password")).status_code == 401
