"""The tokens and codes of a change of the e-mail address: purpose, number of uses, and lifetime."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from development.client import PASSWORD
from doorward.domain.accounts.email_change_retention import EmailChangeRetention
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.accounts.email_change import (
    FOR_NEW,
    FOR_OLD,
    NEW,
    OLD,
    Changing,
    changing,
    confirmation_by,
    recorded,
    refusal_of,
    tokens_of,
)
from tests.integration.accounts.own_account import is_alive

AT_ONCE = 100


@pytest.fixture
async def change(mails: Mails) -> Changing:
    """Return a person with a verified address and a pending change."""
    made = await changing(mails)
    await made.request()
    return made


async def test_one_mailbox_cannot_confirm_for_both(change: Changing) -> None:
    token = await change.token(NEW)
    assert await change.confirm(token) == FOR_OLD
    for shown in (token, token):
        with pytest.raises(InvalidOneTimeTokenError):
            await change.confirm(shown)
    assert await change.mail(NEW) is None
    assert change.email() == change.person.email


async def test_a_taken_address_gets_no_token_and_the_request_costs_the_same(mails: Mails) -> None:
    change, other = await changing(mails), await mails.service.register()
    before = mails.service.connections_asked_for()
    await change.request()
    used, before = mails.service.connections_asked_for() - before, mails.service.connections_asked_for()
    asked = len(mails.requests(change.person))
    await change.request(other.email.upper())
    assert mails.service.connections_asked_for() - before == used
    assert len(mails.requests(change.person)) == asked
    assert await change.mail(NEW) is None
    assert await change.mail(OLD) is not None
    rows = mails.service.sql("SELECT purpose FROM one_time_tokens WHERE user_id = %s", change.person.id)
    assert rows == [{"purpose": "email_change_old"}]


async def test_an_address_taken_meanwhile_is_refused_and_nothing_changes(change: Changing) -> None:
    service = change.mails.service
    await change.confirm(await change.token(OLD))
    token = await change.token(NEW)
    await service.post_register("x" + change.person.username[-20:], change.new_email, PASSWORD)
    assert await refusal_of(change.confirm(token)) == "invalid_token"
    assert change.email() == change.person.email
    assert await is_alive(service, change.pair)


async def test_a_copy_that_cannot_sign_uses_up_neither_the_token_nor_an_attempt_of_the_code(mails: Mails) -> None:
    """The copy's ALGORITHM is ES256, and it has no key."""
    change = await changing(mails, verified=False)
    await change.request()
    mail = await change.mail(NEW)
    assert mail is not None
    token, code = token_of(mail), mail.facts["code"]
    settings = mails.service.settings
    without_keys = replace(settings, tokens=settings.tokens.model_copy(update={"algorithm": "ES256"}))
    confirmation, caller = confirmation_by(mails, without_keys), await change.caller()
    assert await refusal_of(confirmation.confirm_by_session(caller, code=code)) == "service_unavailable"
    assert await refusal_of(confirmation.confirm_by_session(caller, token=token)) == "service_unavailable"
    rows = mails.service.sql("SELECT code_attempts FROM one_time_tokens WHERE user_id = %s", change.person.id)
    assert rows == [{"code_attempts": 0}]
    assert change.email() == change.person.email
    assert await is_alive(mails.service, tokens_of(await change.confirm(token)))
    assert change.email() == change.new_email


async def test_one_of_two_accounts_that_confirm_one_address_concurrently_gets_it(mails: Mails) -> None:
    one, other = await changing(mails, verified=False), await changing(mails, verified=False)
    for each in (one, other):
        await each.request(one.new_email)
    tokens = [await each.token(NEW) for each in (one, other)]
    outcomes = await asyncio.gather(refusal_of(one.confirm(tokens[0])), refusal_of(other.confirm(tokens[1])))
    assert sorted(outcomes) == ["", "invalid_token"]
    assert [one.email(), other.email()].count(one.new_email) == 1


async def test_one_of_many_concurrent_uses_of_a_token_succeeds(mails: Mails) -> None:
    change = await changing(mails, verified=False)
    await change.request()
    token = await change.token(NEW)
    caller = await change.caller()
    calls = [change.confirmation.confirm_by_session(caller, token=token) for _ in range(AT_ONCE)]
    outcomes = await asyncio.gather(*(refusal_of(call) for call in calls))
    assert sorted(set(outcomes)) == ["", "invalid_access_token"]
    assert outcomes.count("") == 1


async def test_one_of_many_concurrent_uses_of_the_first_token_succeeds(change: Changing) -> None:
    token, caller = await change.token(NEW), await change.caller()
    calls = [change.confirmation.confirm_by_session(caller, token=token) for _ in range(AT_ONCE)]
    outcomes = await asyncio.gather(*(refusal_of(call) for call in calls))
    assert sorted(outcomes) == ["", *["invalid_token"] * (AT_ONCE - 1)]


async def test_a_wrong_code_uses_an_attempt_of_both_mailboxes_and_the_links_stay_valid(change: Changing) -> None:
    right = {kind: await change.code(kind) for kind in (OLD, NEW)}
    taken = {int(code) for code in right.values()}
    wrong = [number for number in range(100) if number not in taken][:5]
    for number in wrong:
        assert await refusal_of(change.confirm(code=f"{number:08d}")) == "invalid_token"
    for code in right.values():
        assert await refusal_of(change.confirm(code=code)) == "invalid_token"
    rows = change.mails.service.sql("SELECT code_attempts FROM one_time_tokens WHERE user_id = %s", change.person.id)
    assert rows == [{"code_attempts": 5}] * 2
    assert await change.confirm(await change.token(NEW)) == FOR_OLD


async def test_tokens_of_other_users_and_other_purposes_are_refused(change: Changing) -> None:
    mails = change.mails
    other = await changing(mails)
    await other.request()
    foreign = await other.token(NEW)
    reset = token_of(await mails.reset_mail(change.person.email))
    for token in (foreign, reset, "dwo_made-up", "", await change.token(NEW) + "x"):
        assert await refusal_of(change.confirm(token)) == "invalid_token"
    assert await other.confirm(foreign) == FOR_OLD
    await mails.recovery.reset_by_token(reset, f"{PASSWORD} twice")


async def test_a_change_and_its_links_expire_after_a_day_and_its_codes_after_fifteen_minutes(mails: Mails) -> None:
    change = await changing(mails)
    await change.request()
    mail, caller = await change.mail(NEW), await change.caller()
    assert mail is not None
    mails.clock.advance(timedelta(minutes=15))
    by_code = change.confirmation.confirm_by_session(caller, code=mail.facts["code"])
    assert await refusal_of(by_code) == "invalid_token"
    mails.clock.advance(timedelta(hours=23, minutes=45))
    by_link = change.confirmation.confirm_by_session(caller, token=token_of(mail))
    assert await refusal_of(by_link) == "invalid_token"
    assert await change.mail(NEW) is None
    assert await change.mail(OLD) is None


async def test_a_second_request_replaces_the_change_and_its_confirmations(change: Changing) -> None:
    first_request, of_old, of_new = change.newest(NEW), await change.token(OLD), await change.token(NEW)
    await change.confirm(of_new)
    await change.request(f"other-{change.person.email}")
    for token in (of_old, of_new):
        assert await refusal_of(change.confirm(token)) == "invalid_token"
    assert first_request is not None
    assert await change.compose(first_request) is None
    assert await change.confirm(await change.token(OLD)) == FOR_NEW
    await change.confirm(await change.token(NEW))
    assert change.email() == f"other-{change.person.email}"
    stored = "SELECT 1 FROM email_changes WHERE user_id = %s"
    assert change.mails.service.sql(stored, change.person.id) == []


async def test_a_cancelled_change_cannot_be_confirmed(change: Changing) -> None:
    tokens = [await change.token(kind) for kind in (OLD, NEW)]
    await change.changes.cancel(await change.caller())
    for token in tokens:
        assert await refusal_of(change.confirm(token)) == "invalid_token"
    assert await change.mail(NEW) is None
    assert await change.mail(OLD) is None
    await change.changes.cancel(await change.caller())
    types = [row["type"] for row in recorded(change)]
    assert types.count("user.email_change_cancelled") == 1


async def test_expired_changes_are_removed_and_others_stay(change: Changing) -> None:
    mails = change.mails
    retention = EmailChangeRetention(database=mails.service.database, clock=mails.clock)
    stored = "SELECT 1 FROM email_changes WHERE user_id = %s"
    mails.clock.advance(timedelta(hours=23, minutes=59))
    await retention.prune()
    assert len(mails.service.sql(stored, change.person.id)) == 1
    mails.clock.advance(timedelta(minutes=1))
    await retention.prune()
    assert mails.service.sql(stored, change.person.id) == []
