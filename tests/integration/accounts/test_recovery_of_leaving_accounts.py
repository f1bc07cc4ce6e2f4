"""A password reset lets the owner restore an account during the grace period of its deletion."""

from uuid import UUID

import pytest

from doorward.domain.accounts.deletion import GRACE
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.accounts.leaving import MOMENT, cancel, erase_after_the_grace, leave, log_in, stored
from tests.integration.accounts.own_account import NEW_PASSWORD, Owner, count_identities, link_identities, signed_in
from tests.integration.service import is_problem


@pytest.fixture
async def leaving(mails: Mails) -> Owner:
    """Return a person whose account is in its grace period."""
    owner = await signed_in(mails.service)
    await leave(owner)
    return owner


async def reset(mails: Mails, owner: Owner) -> None:
    """Set another password with the link of a mail."""
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(owner.person.email)), NEW_PASSWORD)


async def test_a_reset_sets_the_password_and_leaves_the_deletion_pending(mails: Mails, leaving: Owner) -> None:
    (before,) = stored(leaving)
    await reset(mails, leaving)
    (after,) = stored(leaving)
    assert after == {**before, "session_epoch": before["session_epoch"] + 1}
    answer = await mails.service.post_token(leaving.person.username, NEW_PASSWORD)
    assert is_problem(answer, 403, "deletion_pending")


async def test_the_new_password_restores_the_account_and_the_old_one_does_not(mails: Mails, leaving: Owner) -> None:
    old_token = (await log_in(leaving)).json()["restore_token"]
    await reset(mails, leaving)
    assert is_problem(await log_in(leaving), 401, "invalid_credentials")
    assert is_problem(await cancel(mails.service, old_token), 422, "invalid_token")
    answer = await mails.service.post_token(leaving.person.username, NEW_PASSWORD)
    assert (await cancel(mails.service, answer.json()["restore_token"])).status_code == 204
    assert (await mails.service.post_token(leaving.person.username, NEW_PASSWORD)).status_code == 200


async def test_the_mailed_code_works_like_the_link(mails: Mails, leaving: Owner) -> None:
    mail = await mails.reset_mail(leaving.person.email)
    assert mail is not None
    await mails.recovery.reset_by_code(leaving.person.email, mail.facts["code"], NEW_PASSWORD)
    answer = await mails.service.post_token(leaving.person.username, NEW_PASSWORD)
    assert is_problem(answer, 403, "deletion_pending")


async def test_a_reset_resets_the_count_of_failures_caused_by_strangers(mails: Mails, leaving: Owner) -> None:
    throttling = create_throttling(mails.service.settings.keys, mails.service.database)
    for _ in range(LOGIN_CURVE.free):
        await throttling.reserve(UUID(leaving.person.id), STRANGERS)
    assert is_problem(await log_in(leaving), 429, "login_throttled")
    await reset(mails, leaving)
    deletion = mails.service.app.state.services.account_data.deletion
    await deletion.restore_by_password(leaving.person.email, NEW_PASSWORD)
    assert (await mails.service.post_token(leaving.person.email, NEW_PASSWORD)).status_code == 200


async def test_a_reset_of_an_unverified_deleted_account_gives_it_to_the_owner_of_the_mailbox(mails: Mails) -> None:
    squatter = await signed_in(mails.service)
    link_identities(mails.service, squatter.person)
    await leave(squatter)
    await reset(mails, squatter)
    assert is_problem(await log_in(squatter), 401, "invalid_credentials")
    (user,) = mails.service.sql("SELECT email_verified_at FROM users WHERE id = %s", squatter.person.id)
    assert user["email_verified_at"] == mails.clock.now()
    assert count_identities(mails.service, squatter.person) == 0


async def test_a_link_is_invalid_once_the_deletion_is_due(mails: Mails, leaving: Owner) -> None:
    mails.clock.advance(GRACE - MOMENT)
    mail = await mails.reset_mail(leaving.person.email)
    mails.clock.advance(MOMENT)
    assert await mails.reset_mail(leaving.person.email) is None
    body = {"token": token_of(mail), "new_password": NEW_PASSWORD}
    answer = await mails.service.call("POST", "/api/v1/auth/password/reset", json=body)
    assert is_problem(answer, 422, "invalid_token")


async def test_a_reset_does_not_delay_the_deletion(mails: Mails, leaving: Owner) -> None:
    await reset(mails, leaving)
    await erase_after_the_grace(mails.service)
    assert stored(leaving) == []
