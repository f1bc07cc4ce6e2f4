"""A change of the e-mail address: which mailboxes confirm it, and what it ends."""

from datetime import timedelta
from uuid import UUID

import pytest

from development.client import PASSWORD, Pair
from doorward.domain.accounts.administered import AdministeredAccounts
from doorward.domain.administration.models import OPERATOR
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.auth.exceptions import InvalidAccessTokenError, InvalidEmailError, InvalidOneTimeTokenError
from doorward.domain.mfa.factor_reset import CodeFactors, FactorReset
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.outbox.exceptions import MailNotConfiguredError
from doorward.domain.outbox.mail import MailKind
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.email_change import create_email_change
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.conftest import Mails, mails_of, token_of
from tests.integration.accounts.email_change import (
    FOR_NEW,
    FOR_OLD,
    NEW,
    OLD,
    Changing,
    changing,
    recorded,
    refusal_of,
    tokens_of,
)
from tests.integration.accounts.own_account import is_alive, is_dead
from tests.integration.service import MakeService


@pytest.fixture
async def change(mails: Mails) -> Changing:
    """Return a person with a verified address and a pending change."""
    made = await changing(mails)
    await made.request()
    return made


async def test_white_space_around_a_new_address_is_trimmed(mails: Mails) -> None:
    change = await changing(mails)
    await change.request(f"\u200b {change.new_email}\u00a0\n")
    await change.confirm(await change.token(OLD))
    await change.confirm(await change.token(NEW))
    assert change.email() == change.new_email


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)], ids=["old first", "new first"])
async def test_both_mailboxes_confirm_in_either_order_and_the_last_one_changes_the_address(
    change: Changing, order: tuple[MailKind, MailKind]
) -> None:
    first, last = order
    assert await change.confirm(await change.token(first)) == (FOR_NEW if first is OLD else FOR_OLD)
    assert change.email() == change.person.email
    assert (await change.mails.service.post_token(change.person.email, PASSWORD)).status_code == 200
    changed = await change.confirm(await change.token(last))
    assert change.email() == change.new_email
    assert (await change.mails.service.post_token(change.new_email, PASSWORD)).status_code == 200
    assert (await change.mails.service.post_token(change.person.email, PASSWORD)).status_code == 401
    assert await is_alive(change.mails.service, tokens_of(changed))


async def test_the_codes_of_both_mailboxes_confirm_the_change_like_the_links(change: Changing) -> None:
    assert await change.confirm(code=await change.code(NEW)) == FOR_OLD
    await change.confirm(code=await change.code(OLD))
    assert change.email() == change.new_email


@pytest.mark.parametrize("way", ["doorward deactivate", "SQL"])
async def test_an_operators_deactivation_ends_a_pending_change(change: Changing, way: str) -> None:
    service = change.mails.service
    if way == "doorward deactivate":
        await service.deactivate(change.person)
        assert service.sql("SELECT 1 FROM email_changes WHERE user_id = %s", change.person.id) == []
    else:
        service.set_active(change.person, active=False)
    await service.activate(change.person)
    assert (await change.mail(OLD), await change.mail(NEW)) == (None, None)


async def test_a_forced_password_reset_ends_a_pending_change(change: Changing) -> None:
    """Its mails may be delivered later, and a thief of the password may have requested the change."""
    mails = change.mails
    accounts = AdministeredAccounts(tokens=mails.tokens, mails=mails.queue)
    actions = UserActions(
        database=mails.service.database,
        clock=mails.clock,
        throttling=create_throttling(mails.service.settings.keys, mails.service.database),
        accounts=accounts,
        factors=FactorReset(factors=[CodeFactors()], notices=FactorNotices(mails.queue)),
    )
    await actions.reset_password(OPERATOR, UUID(change.person.id))
    assert (await change.mail(OLD), await change.mail(NEW)) == (None, None)


async def test_an_unverified_address_does_not_confirm_its_change(mails: Mails) -> None:
    change = await changing(mails, verified=False)
    await change.request()
    assert await change.mail(OLD) is None
    tokens_of(await change.confirm(await change.token(NEW)))
    (user,) = mails.service.sql("SELECT email_verified_at FROM users WHERE id = %s", change.person.id)
    assert user["email_verified_at"] == mails.clock.now()


async def test_an_address_verified_meanwhile_must_confirm_too(mails: Mails) -> None:
    change = await changing(mails, verified=False)
    await change.request()
    request = change.newest(OLD)
    assert request is not None
    assert await change.compose(request) is None
    # The worker removes the row when there is nothing to send.
    mails.service.sql("DELETE FROM outbox WHERE topic = %s", request.topic)
    mails.clock.advance(timedelta(minutes=1))
    change.verify()
    assert await change.confirm(await change.token(NEW)) == FOR_OLD
    assert change.email() == change.person.email
    assert change.newest(OLD) == request
    tokens_of(await change.confirm(await change.token(OLD)))


async def test_with_confirmation_new_the_new_mailbox_is_sufficient(make_service: MakeService) -> None:
    change = await changing(mails_of(await make_service(email_change_confirmation="new")))
    await change.request()
    assert change.newest(OLD) is None
    tokens_of(await change.confirm(await change.token(NEW)))
    assert change.email() == change.new_email


async def test_each_mail_goes_to_its_mailbox_and_only_the_verified_one_contains_the_username(change: Changing) -> None:
    to_new, to_old = await change.mail(NEW), await change.mail(OLD)
    assert to_new is not None
    assert to_old is not None
    assert (to_new.to, to_old.to) == (change.new_email, change.person.email)
    assert "username" not in to_new.facts
    assert to_old.facts["new_email"] == change.new_email


async def test_all_sessions_end_and_the_current_one_continues_with_a_new_pair(change: Changing) -> None:
    service = change.mails.service
    other = await service.log_in(change.person)
    waiting = await change.token(OLD)
    await change.confirm(waiting)
    assert (await service.get_me(other.access)).status_code == 200
    changed = tokens_of(await change.confirm(await change.token(NEW)))
    for pair in (other, change.pair):
        assert await is_dead(service, pair)
    assert await is_alive(service, changed)


async def test_the_new_session_keeps_the_time_of_the_last_proof(mails: Mails) -> None:
    change = await changing(mails, verified=False)
    await change.request()
    proven_at = (await change.caller()).authenticated_at
    mails.clock.advance(timedelta(minutes=6))
    changed = tokens_of(await change.confirm(await change.token(NEW)))
    assert (await change.caller(changed)).authenticated_at == proven_at


async def test_all_one_time_tokens_of_the_account_are_invalid_after_the_change(change: Changing) -> None:
    mails = change.mails
    reset = token_of(await mails.reset_mail(change.person.email))
    await change.confirm(await change.token(OLD))
    await change.confirm(await change.token(NEW))
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.recovery.reset_by_token(reset, "four other random words")
    assert mails.service.sql("SELECT 1 FROM one_time_tokens WHERE user_id = %s", change.person.id) == []


async def test_a_password_change_ends_a_pending_change_of_address(change: Changing) -> None:
    service = change.mails.service
    tokens = [await change.token(kind) for kind in (OLD, NEW)]
    answer = await service.post_password(change.pair.access, PASSWORD, f"{PASSWORD} twice")
    change.pair = Pair(answer.json()["access_token"], answer.json()["refresh_token"])
    for token in tokens:
        assert await refusal_of(change.confirm(token)) == "invalid_token"
    assert await change.mail(NEW) is None
    assert await change.mail(OLD) is None


async def test_an_ended_session_can_neither_request_nor_confirm_a_change(change: Changing) -> None:
    caller, token = await change.caller(), await change.token(NEW)
    await change.mails.service.post_revoke(change.pair.refresh)
    for call in (
        change.changes.request(caller, "other@example.com"),
        change.changes.cancel(caller),
        change.confirmation.confirm_by_session(caller, token=token),
    ):
        with pytest.raises(InvalidAccessTokenError):
            await call
    rows = change.mails.service.sql("SELECT email FROM email_changes WHERE user_id = %s", change.person.id)
    assert rows == [{"email": change.new_email}]


async def test_a_deactivated_account_gets_no_mail_and_its_password_confirms_no_change(change: Changing) -> None:
    token = await change.token(NEW)
    change.mails.service.set_active(change.person, active=False)
    assert await change.mail(NEW) is None
    assert await change.mail(OLD) is None
    assert await refusal_of(change.confirmation.confirm_by_password(token, PASSWORD)) == "invalid_credentials"


async def test_notices_go_to_both_mailboxes_except_an_unverified_old_one(mails: Mails) -> None:
    for verified in (True, False):
        change = await changing(mails, verified=verified)
        await change.request()
        if verified:
            await change.confirm(await change.token(OLD))
        await change.confirm(await change.token(NEW))
        notices = [each for each in mails.requests(change.person) if each.kind is MailKind.EMAIL_CHANGED]
        addresses = [each.email for each in notices]
        assert addresses == ([None, change.person.email] if verified else [None])


async def test_the_change_is_recorded_without_addresses(change: Changing) -> None:
    await change.confirm(await change.token(OLD))
    await change.confirm(await change.token(NEW))
    rows = recorded(change)
    types = [row["type"] for row in rows]
    assert types[-3:] == ["user.email_change_requested", "user.email_changed", "session.begun"]
    assert change.person.email not in str(rows)
    assert change.new_email not in str(rows)


async def test_an_invalid_address_is_refused_before_a_row_is_stored(mails: Mails) -> None:
    change = await changing(mails)
    for wrong in ("ada", "a@example.com,b@example.com", "a@example.com\r\nBcc: b@example.com"):
        with pytest.raises(InvalidEmailError):
            await change.request(wrong)
    assert mails.service.sql("SELECT 1 FROM email_changes WHERE user_id = %s", change.person.id) == []


async def test_without_mail_the_request_is_refused(mails: Mails) -> None:
    change, service = await changing(mails), mails.service
    base = Foundation(service.settings, service.database, service.hasher, mails.clock, MailQueue(None))
    without = create_email_change(base, registration_rules(service.settings))
    with pytest.raises(MailNotConfiguredError):
        await without.request(await change.caller(), change.new_email)


async def test_another_spelling_of_the_users_own_address_must_be_confirmed_too(change: Changing) -> None:
    spelling = change.person.email.replace("user-", "USER-")
    await change.request(spelling)
    await change.confirm(await change.token(NEW))
    await change.confirm(await change.token(OLD))
    assert change.email() == spelling
