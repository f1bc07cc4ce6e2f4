"""The deletion of an account: it is inactive at once, and the password can restore it for two weeks."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from doorward.domain.accounts.deletion import GRACE
from doorward.domain.auth.exceptions import NothingToRestoreError
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.domain.auth.tokens.sealed_tokens import SEALED_TOKEN_LIFETIMES, SealedKind
from tests.integration.accounts.leaving import DELETION, MOMENT, cancel, leave, log_in, restore_token, stored
from tests.integration.accounts.own_account import Owner, is_dead, signed_in
from tests.integration.service import FakeClock, Logs, Service, events, facts, is_problem, statuses

LIFE = SEALED_TOKEN_LIFETIMES[SealedKind.RESTORE]


async def test_a_deletion_ends_all_sessions_at_once_and_is_due_in_fourteen_days(owner: Owner, clock: FakeClock) -> None:
    other = await owner.service.log_in(owner.person)
    assert await leave(owner) == clock.now() + timedelta(days=14)
    assert await is_dead(owner.service, owner.pair)
    assert await is_dead(owner.service, other)
    (row,) = stored(owner)
    assert (row["is_active"], row["deletion_due_at"]) == (False, clock.now() + GRACE)


async def test_the_correct_password_gets_a_restore_token_and_a_wrong_one_is_refused(
    owner: Owner, clock: FakeClock
) -> None:
    await leave(owner)
    service, person = owner.service, owner.person
    answer = await log_in(owner)
    assert is_problem(answer, 403, "deletion_pending")
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["deletes_at"] == f"{clock.now() + GRACE:%Y-%m-%dT%H:%M:%SZ}"
    assert answer.headers["cache-control"] == "no-store"
    assert is_problem(await service.post_token(person.username, "not the password"), 401, "invalid_credentials")
    assert is_problem(await service.post_token(person.email, "not the password"), 401, "invalid_credentials")


async def test_the_token_restores_the_account_but_no_ended_session(owner: Owner) -> None:
    await leave(owner)
    answer = await cancel(owner.service, await restore_token(owner))
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_dead(owner.service, owner.pair)
    pair = await owner.service.log_in(owner.person)
    assert (await owner.service.get_me(pair.access)).status_code == 200
    (row,) = stored(owner)
    assert (row["is_active"], row["is_restorable"], row["deletion_due_at"]) == (True, False, None)


async def test_a_token_is_valid_once_even_in_concurrent_calls(owner: Owner) -> None:
    await leave(owner)
    token = await restore_token(owner)
    answers = await asyncio.gather(*(cancel(owner.service, token) for _ in range(30)))
    assert statuses(answers) == [204, *[422] * 29]
    assert is_problem(await cancel(owner.service, token), 422, "invalid_token")


async def test_a_token_of_an_earlier_deletion_does_not_cancel_a_later_one(owner: Owner) -> None:
    await leave(owner)
    unused, used = await restore_token(owner), await restore_token(owner)
    assert (await cancel(owner.service, used)).status_code == 204
    owner.pair = await owner.service.log_in(owner.person)
    await leave(owner)
    for token in (unused, used):
        assert is_problem(await cancel(owner.service, token), 422, "invalid_token")
    assert (await cancel(owner.service, await restore_token(owner))).status_code == 204


async def test_a_token_expires_after_ten_minutes(owner: Owner, clock: FakeClock) -> None:
    await leave(owner)
    early, late = await restore_token(owner), await restore_token(owner)
    assert timedelta(minutes=10) == LIFE
    clock.advance(LIFE - MOMENT)
    assert (await cancel(owner.service, early)).status_code == 204
    clock.advance(MOMENT)
    assert is_problem(await cancel(owner.service, late), 422, "invalid_token")


@pytest.mark.parametrize("token", ["", "dwt_", f"dwt_{'A' * 83}", "dwr_made-up", "dwt_\u00e9"])
async def test_a_malformed_token_is_refused(service: Service, token: str) -> None:
    assert is_problem(await cancel(service, token), 422, "invalid_token")


async def test_a_password_replaced_during_its_verification_restores_nothing(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    await leave(owner)
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [owner.person.id])
        restore = service_alone.app.state.services.account_data.deletion.restore_by_password
        restored = asyncio.create_task(restore(owner.person.username, owner.person.password))
        await service_alone.locks_are_waited_for(1)
        # The account was restored, got another password, and was deleted again: the last two each begin an epoch.
        await other.execute(
            "UPDATE users SET password_hash = 'another', session_epoch = session_epoch + 2 WHERE id = %s",
            [owner.person.id],
        )
    with pytest.raises(NothingToRestoreError):
        await restored
    (row,) = stored(owner)
    assert not row["is_active"]


@pytest.mark.parametrize("body", [None, ["dwt_made-up"], {"token": "dwt_made-up"}, 7])
async def test_a_token_that_is_not_a_string_is_refused(service: Service, body: object) -> None:
    assert is_problem(await cancel(service, body), 422, "invalid_request")


async def test_an_account_cannot_be_restored_once_its_deletion_is_due(owner: Owner, clock: FakeClock) -> None:
    await leave(owner)
    clock.advance(GRACE - MOMENT)
    token = await restore_token(owner)
    clock.advance(MOMENT)
    assert is_problem(await cancel(owner.service, token), 422, "invalid_token")
    assert is_problem(await log_in(owner), 401, "invalid_credentials")


async def test_the_owner_cannot_undo_an_operators_deactivation_and_the_deletion_stays(owner: Owner) -> None:
    due_at = await leave(owner)
    token = await restore_token(owner)
    await owner.service.deactivate(owner.person)
    assert is_problem(await cancel(owner.service, token), 422, "invalid_token")
    assert is_problem(await log_in(owner), 401, "invalid_credentials")
    (row,) = stored(owner)
    assert (row["is_active"], row["deletion_due_at"]) == (False, due_at)


async def test_an_operators_activation_cancels_the_deletion(owner: Owner) -> None:
    await leave(owner)
    token = await restore_token(owner)
    await owner.service.activate(owner.person)
    (row,) = stored(owner)
    assert (row["is_active"], row["is_restorable"], row["deletion_due_at"]) == (True, False, None)
    assert is_problem(await cancel(owner.service, token), 422, "invalid_token")
    assert (await log_in(owner)).status_code == 200


async def test_one_of_several_concurrent_calls_is_executed(owner: Owner) -> None:
    answers = await asyncio.gather(*(owner.call("POST", DELETION) for _ in range(10)))
    assert statuses(answers) == [202, *[401] * 9]


async def test_a_deletion_needs_a_recent_proof(owner: Owner, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=5) + MOMENT)
    assert is_problem(await owner.call("POST", DELETION), 401, "reauthentication_required")
    (row,) = stored(owner)
    assert row["is_active"]


async def test_correct_passwords_are_not_counted_as_failures(owner: Owner) -> None:
    await leave(owner)
    for _ in range(LOGIN_CURVE.free + 2):
        await restore_token(owner)


async def test_wrong_passwords_are_throttled_during_the_grace_period(owner: Owner) -> None:
    await leave(owner)
    for _ in range(LOGIN_CURVE.free):
        answer = await owner.service.post_token(owner.person.username, "not the password")
        assert answer.status_code == 401
    assert is_problem(await log_in(owner), 429, "login_throttled")


async def test_username_and_address_stay_taken_until_the_account_is_deleted(owner: Owner) -> None:
    await leave(owner)
    person = owner.person
    answer = await owner.service.post_register(person.username, f"other-{person.email}", person.password)
    assert is_problem(answer, 409, "username_taken")


async def test_a_deletion_removes_a_pending_change_of_address(owner: Owner) -> None:
    owner.service.sql(
        "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at)"
        " VALUES (%s, 'new@example.com', 'new@example.com', now(), now())",
        owner.person.id,
    )
    await leave(owner)
    assert owner.service.sql("SELECT 1 FROM email_changes WHERE user_id = %s", owner.person.id) == []


async def test_events_of_deletion_and_restoration_contain_no_personal_data(owner: Owner, logs: Logs) -> None:
    await leave(owner)
    token = await restore_token(owner)
    await cancel(owner.service, token)
    (scheduled,) = events(logs, "accounts.deletion.scheduled")
    (refused,) = events(logs, "auth.login.failed")
    (cancelled,) = events(logs, "accounts.deletion.cancelled")
    assert facts(scheduled, "outcome", "user_id") == ("success", owner.person.id)
    assert facts(refused, "reason", "target_user_id") == ("deletion_pending", owner.person.id)
    assert facts(cancelled, "outcome", "target_user_id") == ("success", owner.person.id)
    for secret in (token, token[4:40], owner.person.email, owner.person.username):
        assert secret not in logs.getvalue()
