"""A forgotten password: the mailed token and code, and what a reset ends."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.core.exceptions import DomainError
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidOneTimeTokenError
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.outbox.exceptions import MailNotConfiguredError
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.accounts import create_recovery
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.conftest import LINKS, Mails, token_of
from tests.integration.accounts.own_account import count_identities, link_identities

NEW_PASSWORD = "four other random words"


async def outcome(call: object) -> str:
    """Return the code of the refusal, or an empty text."""
    try:
        await call  # type: ignore[misc] # a coroutine
    except DomainError as refusal:
        return refusal.code
    return ""


async def test_a_mailed_token_sets_a_new_password_and_ends_all_sessions(mails: Mails) -> None:
    person, pair = await mails.service.register_and_log_in()
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    assert (await mails.service.get_me(pair.access)).status_code == 401
    assert (await mails.service.post_refresh(pair.refresh)).status_code == 401
    assert (await mails.service.post_token(person.username, person.password)).status_code == 401
    assert (await mails.service.post_token(person.username, NEW_PASSWORD)).status_code == 200


async def test_a_mailed_code_sets_a_new_password(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    await mails.recovery.reset_by_code(f" {person.email.upper()} ", mail.facts["code"], NEW_PASSWORD)
    assert (await mails.service.post_token(person.username, NEW_PASSWORD)).status_code == 200


async def test_a_mail_goes_to_the_stored_spelling_of_the_address(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.reset_mail(person.email.upper())
    assert mail is not None
    assert mail.to == person.email


async def test_one_of_many_concurrent_uses_of_a_token_succeeds(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.reset_mail(person.email))
    passwords = [f"{NEW_PASSWORD} {number}" for number in range(100)]
    outcomes = await asyncio.gather(*(outcome(mails.recovery.reset_by_token(token, each)) for each in passwords))
    assert sorted(outcomes) == ["", *["invalid_token"] * 99]
    (right,) = [each for each, code in zip(passwords, outcomes, strict=True) if not code]
    assert (await mails.service.post_token(person.username, right)).status_code == 200


async def test_a_refused_password_leaves_the_token_valid(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.reset_mail(person.email))
    with pytest.raises(PasswordTooCommonError):
        await mails.recovery.reset_by_token(token, "password1")
    assert await outcome(mails.recovery.reset_by_token(token, person.username)) == "password_is_name"
    await mails.recovery.reset_by_token(token, NEW_PASSWORD)


async def test_a_token_expires_after_thirty_minutes_and_its_code_after_fifteen(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    mails.clock.advance(timedelta(minutes=15))
    assert (
        await outcome(mails.recovery.reset_by_code(person.email, mail.facts["code"], NEW_PASSWORD)) == "invalid_token"
    )
    mails.clock.advance(timedelta(minutes=15))
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.recovery.reset_by_token(token_of(mail), NEW_PASSWORD)


async def test_the_two_newest_links_are_valid_and_older_ones_are_not(mails: Mails) -> None:
    person = await mails.service.register()
    sent = []
    for _ in range(3):
        sent.append(token_of(await mails.reset_mail(person.email)))
        mails.clock.advance(timedelta(seconds=1))
    assert await outcome(mails.recovery.reset_by_token(sent[0], NEW_PASSWORD)) == "invalid_token"
    await mails.recovery.reset_by_token(sent[1], NEW_PASSWORD)
    assert await outcome(mails.recovery.reset_by_token(sent[2], NEW_PASSWORD)) == "invalid_token"


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_repeated_attempt_to_send_a_mail_replaces_its_own_link_only(mails: Mails, *, is_first: bool) -> None:
    """This also holds if another mail follows, and if the stranger's mail was requested before the owner's."""
    person, message_id = await mails.service.register(), uuid4()
    if is_first:
        attempts = [await reset_token(mails, person.email, message_id)]
        owners = await reset_token(mails, person.email, uuid4())
    else:
        owners = await reset_token(mails, person.email, uuid4())
        attempts = [await reset_token(mails, person.email, message_id)]
    attempts += [await reset_token(mails, person.email, message_id) for _ in range(2)]
    if is_first:
        await reset_token(mails, person.email, uuid4())
        assert await outcome(mails.recovery.reset_by_token(attempts[-1], NEW_PASSWORD)) == "invalid_token"
    assert await outcome(mails.recovery.reset_by_token(attempts[0], NEW_PASSWORD)) == "invalid_token"
    await mails.recovery.reset_by_token(owners, NEW_PASSWORD)


async def reset_token(mails: Mails, email: str, message_id: UUID) -> str:
    """Return the token of one attempt to send a mail."""
    composer = ResetMail(mails.service.database, mails.clock, mails.tokens, LINKS)
    request = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=email)
    mails.clock.advance(timedelta(seconds=1))
    return token_of(await composer.compose(request, message_id))


async def test_after_five_wrong_codes_only_the_link_is_valid(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    right = int(mail.facts["code"])
    wrong = [f"{(right + step) % 10**8:08d}" for step in range(1, 101)]
    outcomes = await asyncio.gather(
        *(outcome(mails.recovery.reset_by_code(person.email, code, NEW_PASSWORD)) for code in wrong)
    )
    assert set(outcomes) == {"invalid_token"}
    stored = mails.service.sql("SELECT code_attempts FROM one_time_tokens WHERE user_id = %s", person.id)
    assert stored == [{"code_attempts": 5}]
    assert (
        await outcome(mails.recovery.reset_by_code(person.email, mail.facts["code"], NEW_PASSWORD)) == "invalid_token"
    )
    await mails.recovery.reset_by_token(token_of(mail), NEW_PASSWORD)


async def test_unknown_and_inactive_accounts_get_no_mail_and_the_same_response(mails: Mails) -> None:
    person = await mails.service.register()
    mails.service.sql("UPDATE users SET is_active = false WHERE id = %s", person.id)
    before = mails.waiting()
    assert await mails.reset_mail(person.email) is None
    assert await mails.reset_mail("unknown@example.com") is None
    assert mails.waiting() == before + 2
    refusal = await outcome(mails.recovery.reset_by_code("unknown@example.com", "12345678", NEW_PASSWORD))
    assert refusal == "invalid_token"


async def test_a_refused_password_does_not_reveal_whether_an_address_has_an_account(mails: Mails) -> None:
    person = await mails.service.register()
    for email in (person.email, "unknown@example.com"):
        assert await outcome(mails.recovery.reset_by_code(email, "12345678", "password1")) == "password_too_common"


async def test_an_invalid_address_is_refused_before_the_password_is_checked(mails: Mails) -> None:
    for email in ("a" + "\u0345" * 1023, "ada"):
        assert await outcome(mails.recovery.reset_by_code(email, "12345678", "password1")) == "invalid_token"


async def test_a_reset_removes_other_tokens_devices_and_the_pending_change_of_address(mails: Mails) -> None:
    person = await mails.service.register()
    mails.service.sql(
        "INSERT INTO devices (user_id, id, epoch, secret_hash, created_at, seen_at)"
        " VALUES (%s, gen_random_uuid(), 0, sha256('x'), now(), now())",
        person.id,
    )
    mails.service.sql(
        "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at)"
        " VALUES (%s, 'thief@example.com', 'thief@example.com', now(), now())",
        person.id,
    )
    verification = token_of(await mails.verification_mail(person))
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    for table in ("devices", "email_changes", "one_time_tokens"):
        assert mails.service.sql(f"SELECT 1 FROM {table} WHERE user_id = %s", person.id) == [], table
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.verification.verify_by_password(verification, NEW_PASSWORD)


async def test_a_reset_verifies_the_address_and_queues_a_notice(mails: Mails) -> None:
    person = await mails.service.register()
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    (user,) = mails.service.sql("SELECT email_verified_at FROM users WHERE id = %s", person.id)
    assert user["email_verified_at"] == mails.clock.now()
    assert [each.kind for each in mails.requests(person)][-1] is MailKind.PASSWORD_CHANGED
    rows = mails.service.sql("SELECT type FROM audit_events WHERE user_id = %s ORDER BY id", person.id)
    types = [row["type"] for row in rows]
    assert types == ["user.registered", "user.password_reset_requested", "user.password_changed", "user.verified"]


async def test_the_reset_of_an_account_that_was_never_verified_unlinks_its_identities(mails: Mails) -> None:
    """Otherwise a person who registers another person's address and links an identity keeps the account."""
    person, other = await mails.service.register(), await mails.service.register()
    for each in (person, other):
        link_identities(mails.service, each, 2)
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    assert (count_identities(mails.service, person), count_identities(mails.service, other)) == (0, 2)
    rows = mails.service.sql(
        "SELECT session_id, data FROM audit_events WHERE user_id = %s AND type = 'identity.unlinked'", person.id
    )
    assert rows == [{"session_id": None, "data": {"issuer": "https://acme.example"}}] * 2


@pytest.mark.parametrize("proof", ["email_verified_at = now()", "was_verified = true"])
async def test_the_reset_of_an_account_that_was_ever_verified_keeps_its_identities(mails: Mails, proof: str) -> None:
    person = await mails.service.register()
    mails.service.sql(f"UPDATE users SET {proof} WHERE id = %s", person.id)
    link_identities(mails.service, person, 2)
    await mails.recovery.reset_by_token(token_of(await mails.reset_mail(person.email)), NEW_PASSWORD)
    assert count_identities(mails.service, person) == 2


async def test_a_token_for_a_previous_address_is_refused(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.reset_mail(person.email))
    other = f"new-{person.email}"
    mails.service.sql("UPDATE users SET email = %s, email_key = %s WHERE id = %s", other, other, person.id)
    with pytest.raises(InvalidOneTimeTokenError):
        await mails.recovery.reset_by_token(token, NEW_PASSWORD)


async def test_rows_contain_no_address_token_or_code(mails: Mails) -> None:
    person = await mails.service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    stored = repr(mails.service.sql("SELECT * FROM outbox") + mails.service.sql("SELECT * FROM one_time_tokens"))
    for secret in (token_of(mail), mail.facts["code"]):
        assert secret not in stored
    assert person.email not in repr(mails.service.sql("SELECT * FROM outbox"))


async def test_a_reset_resets_the_count_of_failed_logins(mails: Mails) -> None:
    person = await mails.service.register()
    token = token_of(await mails.reset_mail(person.email))
    throttling = create_throttling(mails.service.settings.keys, mails.service.database)
    for _ in range(LOGIN_CURVE.free):
        await throttling.reserve(UUID(person.id), STRANGERS)
    assert (await mails.service.post_login(person)).status_code == 429
    await mails.recovery.reset_by_token(token, NEW_PASSWORD)
    assert (await mails.service.post_token(person.username, NEW_PASSWORD)).status_code == 200


async def test_without_mail_settings_the_request_is_refused(mails: Mails) -> None:
    service = mails.service
    base = Foundation(service.settings, service.database, service.hasher, mails.clock, MailQueue(None))
    recovery = create_recovery(base, registration_rules(service.settings))
    with pytest.raises(MailNotConfiguredError):
        await recovery.request_reset("ada@example.com")


async def test_an_invalid_address_is_refused_before_a_row_is_stored(mails: Mails) -> None:
    before = mails.waiting()
    with pytest.raises(InvalidEmailError):
        await mails.recovery.request_reset("ada")
    assert mails.waiting() == before
