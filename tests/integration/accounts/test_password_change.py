"""POST /account/password: only the new password is valid, and earlier sessions end."""

import asyncio
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from development.client import Pair, pair
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.models import sealing_context
from doorward.wiring.mail import create_sealer
from tests.integration.accounts.own_account import NEW_PASSWORD, Owner, is_alive, is_dead, signed_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, facts, is_problem, statuses

AT_ONCE = 20


async def test_only_the_new_password_is_accepted_afterwards(service: Service, owner: Owner) -> None:
    changed = await owner.change_password()
    assert is_problem(
        await service.post_token(owner.person.username, owner.person.password), 401, "invalid_credentials"
    )
    assert (await service.post_token(owner.person.username, NEW_PASSWORD)).status_code == 200
    assert await is_alive(service, changed)


async def test_all_sessions_end_and_the_current_one_continues_with_a_new_pair(service: Service, owner: Owner) -> None:
    others = [await service.log_in(owner.person) for _ in range(3)]
    bystander = await signed_in(service)
    rotated = await service.refresh(owner.pair.refresh)
    changed = await owner.change_password()
    for tokens in [*others, owner.pair, rotated]:
        assert await is_dead(service, tokens)
    assert await is_alive(service, changed)
    assert await is_alive(service, bystander.pair)


async def test_a_used_token_of_an_ended_session_does_not_end_the_new_session(service: Service, owner: Owner) -> None:
    await service.refresh(owner.pair.refresh)
    changed = await owner.change_password()
    assert is_problem(await service.post_refresh(owner.pair.refresh), 401, "invalid_refresh_token")
    assert (await service.post_revoke(owner.pair.refresh)).status_code == 204
    assert await is_alive(service, changed)


async def test_a_token_of_an_ended_session_is_refused_even_within_the_leeway(
    make_service: MakeService,
) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=60)
    owner = await signed_in(service)
    await service.refresh(owner.pair.refresh)
    changed = await owner.change_password()
    assert is_problem(await service.post_refresh(owner.pair.refresh), 401, "invalid_refresh_token")
    assert await is_alive(service, changed)


async def test_another_copy_of_the_service_refuses_the_old_tokens_at_once(make_service: MakeService) -> None:
    one = await make_service()
    another = await make_service()
    owner = await signed_in(one)
    other = await one.log_in(owner.person)
    assert (await another.get_me(other.access)).status_code == 200
    changed = await owner.change_password()
    assert await is_dead(another, other)
    assert await is_dead(another, owner.pair)
    assert await is_alive(another, changed)


async def test_a_wrong_current_password_changes_nothing(service: Service, owner: Owner, logs: Logs) -> None:
    before = service.sql("SELECT * FROM users WHERE id = %s", owner.person.id)
    for wrong in (f"{owner.person.password}!", "x" * 1024, "\U0001f511", "\u0301" * 500):
        assert is_problem(await owner.post_password(current=wrong), 403, "wrong_password")
    assert service.sql("SELECT * FROM users WHERE id = %s", owner.person.id) == before
    assert len(events(logs, "auth.current_password.refused")) == 4
    assert await is_alive(service, owner.pair)


@pytest.mark.parametrize(
    ("new", "code"), [("short", "password_length"), ("password1234", "password_too_common"), (None, "password_is_name")]
)
async def test_a_new_password_follows_the_rules_of_sign_up(
    service: Service, owner: Owner, new: str | None, code: str
) -> None:
    assert is_problem(await owner.post_password(new=new or owner.person.username), 422, code)
    assert (await service.post_token(owner.person.username, owner.person.password)).status_code == 200


async def test_a_change_removes_one_time_tokens_of_the_user_and_keeps_those_of_others(
    service: Service, owner: Owner
) -> None:
    other = await service.register()
    insert = (
        "INSERT INTO one_time_tokens (user_id, purpose, slot, message_id, email_key, secret_hash, code_mac,"
        " code_expires_at, created_at, expires_at)"
        " VALUES (%s, 'password_reset', 0, gen_random_uuid(), 'a', sha256('a'), sha256('b'), now(), now(), now())"
    )
    for person in (owner.person, other):
        service.sql(insert, person.id)
    await owner.change_password()
    people = [owner.person.id, other.id]
    left = service.sql("SELECT user_id::text FROM one_time_tokens WHERE user_id = ANY(%s::uuid[])", people)
    assert left == [{"user_id": other.id}]


async def test_one_of_20_concurrent_changes_succeeds_and_the_account_stays_consistent(
    service: Service, owner: Owner
) -> None:
    passwords = [f"{NEW_PASSWORD} {number}" for number in range(AT_ONCE)]
    answers = await asyncio.gather(*(owner.post_password(new=each) for each in passwords))
    assert statuses(answers) == [200] + [401] * (AT_ONCE - 1)
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    assert (await service.post_token(owner.person.username, passwords[winner])).status_code == 200
    assert (await service.post_token(owner.person.username, passwords[winner - 1])).status_code == 401
    assert (await service.post_token(owner.person.username, owner.person.password)).status_code == 401
    assert await is_dead(service, owner.pair)
    assert await is_alive(service, pair(answers[winner]))


async def test_concurrent_changes_from_two_sessions_leave_one_session(service: Service, owner: Owner) -> None:
    other = Owner(service, owner.person, await service.log_in(owner.person))
    answers = await asyncio.gather(owner.post_password(), other.post_password())
    assert statuses(answers) == [200, 401]
    owner.pair = next(pair(answer) for answer in answers if answer.status_code == 200)
    assert [session["current"] for session in await owner.sessions()] == [True]


async def test_a_session_that_ends_during_the_password_check_changes_nothing(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [owner.person.id])
        change = asyncio.create_task(owner.post_password())
        await service_alone.locks_are_waited_for(1)
        await other.execute("UPDATE sessions SET ended_at = now(), end_reason = 'logout'")
    assert is_problem(await change, 401, "invalid_access_token")
    assert service_alone.sql("SELECT failures FROM login_throttles") == [{"failures": 0}]
    assert (await service_alone.post_token(owner.person.username, owner.person.password)).status_code == 200


async def test_a_change_resets_the_count_of_wrong_passwords(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    for _ in range(3):
        await owner.post_password(current="a guess of the password")
    assert service_alone.sql("SELECT failures FROM login_throttles") == [{"failures": 3}]
    await owner.change_password()
    assert service_alone.sql("SELECT failures FROM login_throttles") == []


async def test_a_concurrent_login_with_the_old_password_leaves_no_live_session(service: Service) -> None:
    for _ in range(3):
        owner = await signed_in(service)
        login, change = await asyncio.gather(
            service.post_token(owner.person.username, owner.person.password), owner.post_password()
        )
        assert change.status_code == 200
        if login.status_code == 200:
            assert await is_dead(service, pair(login))


async def test_a_concurrent_refresh_leaves_no_live_session(service: Service) -> None:
    for _ in range(3):
        owner = await signed_in(service)
        other = await service.log_in(owner.person)
        refreshed, changed = await asyncio.gather(service.post_refresh(other.refresh), owner.change_password())
        if refreshed.status_code == 200:
            assert await is_dead(service, pair(refreshed))
        assert await is_alive(service, changed)


async def test_the_change_is_recorded_with_ids_only(service: Service, owner: Owner, logs: Logs) -> None:
    await owner.change_password()
    recorded = service.sql(
        "SELECT type, data, actor FROM audit_events WHERE user_id = %s ORDER BY id DESC LIMIT 2", owner.person.id
    )
    assert [row["type"] for row in recorded] == ["session.begun", "user.password_changed"]
    assert (recorded[1]["data"], recorded[1]["actor"]) == ({"reason": "changed"}, owner.person.id)
    (line,) = events(logs, "accounts.password.changed")
    assert facts(line, "outcome", "target_user_id") == ("success", owner.person.id)
    assert NEW_PASSWORD not in logs.text()
    assert owner.person.password not in logs.text()


async def test_a_notice_is_queued_in_the_same_transaction(
    make_service: MakeService, own_database: str, clock: FakeClock, tmp_path: Path
) -> None:
    service = await make_service(
        database_url=own_database,
        public_url="http://localhost:8000",
        mail_development_folder=tmp_path / "mails",
    )
    owner = await signed_in(service)
    await owner.post_password(current="wrong")
    assert _notices(service) == []
    await owner.change_password()
    asked = [request for request, _ in _notices(service)]
    assert [(each.kind, each.origin, str(each.user_id), each.email) for each in asked] == [
        (MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, owner.person.id, None)
    ]
    assert _notices(service)[0][1] == clock.present + timedelta(hours=24)


def _notices(service: Service) -> list[tuple[MailRequest, object]]:
    sealer = create_sealer(service.settings)
    rows = service.sql("SELECT message_id, payload, expires_at FROM outbox WHERE kind = 'password_changed'")
    return [
        (
            MailRequest.from_bytes(sealer.open(bytes(row["payload"]), context=sealing_context(row["message_id"]))),
            row["expires_at"],
        )
        for row in rows
    ]


async def test_the_new_session_has_the_device_and_a_fresh_proof(owner: Owner, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=6))
    answer = await owner.call(
        "POST",
        "/api/v1/account/password",
        json={"current_password": owner.person.password, "new_password": NEW_PASSWORD},
        headers={"User-Agent": "kites/1.0"},
    )
    owner.pair = pair(answer)
    (session,) = await owner.sessions()
    assert (session["user_agent"], session["address"], session["amr"]) == ("kites/1.0", "203.0.113.7", ["pwd"])
    assert (await owner.rename(f"kite-{owner.person.username[:20]}")).status_code == 200


async def test_a_change_uses_four_connections(service: Service, owner: Owner) -> None:
    """One connection each for the caller, the hash and the login attempt, and one for the transaction."""
    before = service.connections_asked_for()
    assert isinstance(await owner.change_password(), Pair)
    assert service.connections_asked_for() - before == 4
