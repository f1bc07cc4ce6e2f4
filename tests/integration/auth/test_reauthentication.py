"""POST /account/reauthenticate, and the calls that need a recent proof."""

import asyncio
from datetime import timedelta
from uuid import UUID

import bcrypt
import httpx
import psycopg
import pytest

from development.callers import caller_of
from development.client import pair
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from tests.integration.accounts.own_account import Owner, is_alive, is_dead, signed_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, facts, is_problem, statuses

AT_ONCE = 8
FRESH = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)


async def test_a_proof_is_recent_for_five_minutes(owner: Owner, clock: FakeClock) -> None:
    name = owner.person.username[:28]
    clock.advance(FRESH)
    assert (await owner.rename(f"{name}-1")).status_code == 200
    clock.advance(MOMENT)
    assert is_problem(await owner.rename(f"{name}-2"), 401, "reauthentication_required")
    assert (await owner.account())["username"] == f"{name}-1"


async def test_a_call_without_a_recent_proof_gets_the_maximum_age(owner: Owner, clock: FakeClock) -> None:
    clock.advance(FRESH + MOMENT)
    answer = await owner.rename("kite")
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="doorward", error="insufficient_user_authentication", '
        'error_description="This call needs a recent proof of who you are. Show your second factor again if the '
        'account has one, or else your password.", max_age=300'
    )


async def test_a_refresh_is_no_proof(service: Service, owner: Owner, clock: FakeClock) -> None:
    clock.advance(FRESH + MOMENT)
    owner.pair = await service.refresh(owner.pair.refresh)
    assert is_problem(await owner.rename("kite"), 401, "reauthentication_required")


async def test_the_password_is_a_proof_and_the_session_continues(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    (before,) = service.sessions_of(owner.person)
    clock.advance(FRESH + MOMENT)
    owner.pair = await owner.reauthenticate()
    (after,) = service.sessions_of(owner.person)
    kept = ("created_at", "session_expires_at", "user_agent", "address", "epoch", "client_id", "scopes", "ended_at")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["authenticated_at"] == after["refreshed_at"] == clock.present
    assert (await owner.rename(f"kite-{owner.person.username[:20]}")).status_code == 200
    assert await is_alive(service, owner.pair)


async def test_the_absolute_limit_of_the_session_is_kept(service: Service, owner: Owner, clock: FakeClock) -> None:
    for _ in range(15):
        clock.advance(timedelta(days=6) - timedelta(minutes=1))
        owner.pair = await service.refresh(owner.pair.refresh)
        owner.pair = await owner.reauthenticate()
    clock.advance(timedelta(minutes=15) - MOMENT)
    (session,) = service.sessions_of(owner.person)
    assert session["expires_at"] == session["session_expires_at"] == clock.present + MOMENT
    clock.advance(MOMENT)
    assert await is_dead(service, owner.pair)


async def test_earlier_tokens_do_not_get_the_new_proof(service: Service, owner: Owner, clock: FakeClock) -> None:
    stolen = await service.refresh(owner.pair.refresh)
    clock.advance(FRESH + MOMENT)
    thief = Owner(service, owner.person, stolen)
    owner.pair = stolen
    kept = await owner.reauthenticate()
    assert is_problem(await thief.rename("thief"), 401, "invalid_access_token")
    assert await is_dead(service, stolen)
    assert (await service.post_revoke(stolen.refresh)).status_code == 204
    assert await is_alive(service, kept)


async def test_other_sessions_of_the_user_are_unchanged(service: Service, owner: Owner, clock: FakeClock) -> None:
    clock.advance(FRESH + MOMENT)
    other = Owner(service, owner.person, await service.log_in(owner.person))
    clock.advance(FRESH + MOMENT)
    await owner.reauthenticate()
    assert is_problem(await other.rename("kite"), 401, "reauthentication_required")
    assert await is_alive(service, other.pair)


async def test_a_wrong_password_is_no_proof_and_ends_no_session(
    service: Service, owner: Owner, clock: FakeClock, logs: Logs
) -> None:
    clock.advance(FRESH + MOMENT)
    assert is_problem(await owner.post_reauthenticate("not the password"), 403, "wrong_password")
    assert is_problem(await owner.rename("kite"), 401, "reauthentication_required")
    assert len(events(logs, "auth.current_password.refused")) == 1
    assert await is_alive(service, owner.pair)


async def test_of_several_concurrent_calls_one_succeeds(service: Service, owner: Owner) -> None:
    answers = await asyncio.gather(*(owner.post_reauthenticate() for _ in range(AT_ONCE)))
    assert statuses(answers) == [200] + [401] * (AT_ONCE - 1)
    assert len(service.sessions_of(owner.person)) == 1
    assert await is_alive(service, next(pair(answer) for answer in answers if answer.status_code == 200))


async def test_a_concurrent_refresh_leaves_one_valid_pair(service: Service) -> None:
    for _ in range(3):
        owner = await signed_in(service)
        refreshed, renewed = await asyncio.gather(service.post_refresh(owner.pair.refresh), owner.reauthenticate())
        if refreshed.status_code == 200:
            assert await is_dead(service, pair(refreshed))
        assert await is_alive(service, renewed)


async def test_a_session_that_ends_while_the_password_is_checked_stays_ended(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [owner.person.id])
        proof = asyncio.create_task(owner.post_reauthenticate())
        await service_alone.locks_are_waited_for(1)
        await other.execute("UPDATE sessions SET ended_at = now(), end_reason = 'logout'")
    assert is_problem(await proof, 401, "invalid_access_token")
    (session,) = service_alone.sessions_of(owner.person)
    assert session["end_reason"] == "logout"


async def test_another_copy_of_the_service_accepts_the_proof_at_once(
    make_service: MakeService, clock: FakeClock
) -> None:
    one, another = await make_service(), await make_service()
    owner = await signed_in(one)
    clock.advance(FRESH + MOMENT)
    renewed = await owner.reauthenticate()
    assert is_problem(await another.get_me(owner.pair.access), 401, "invalid_access_token")
    elsewhere = Owner(another, owner.person, renewed)
    assert (await elsewhere.rename(f"kite-{owner.person.username[:20]}")).status_code == 200


async def test_an_outdated_hash_is_replaced(service: Service, owner: Owner) -> None:
    old = bcrypt.hashpw(owner.person.password.encode(), bcrypt.gensalt(4)).decode()
    service.sql("UPDATE users SET password_hash = %s WHERE id = %s", old, owner.person.id)
    owner.pair = await owner.reauthenticate()
    (user,) = service.sql("SELECT password_hash FROM users WHERE id = %s", owner.person.id)
    assert user["password_hash"].startswith("$bcrypt-sha256$")
    assert (await owner.post_reauthenticate()).status_code == 200


async def test_the_renewal_is_recorded_with_both_ids(service: Service, owner: Owner, logs: Logs) -> None:
    (before,) = service.sessions_of(owner.person)
    await owner.reauthenticate()
    (after,) = service.sessions_of(owner.person)
    (recorded,) = service.sql(
        "SELECT session_id, personal ->> 'client' AS address, data FROM audit_events"
        " WHERE user_id = %s AND type = 'session.reauthenticated'",
        owner.person.id,
    )
    assert recorded == {
        "session_id": after["id"],
        "address": "203.0.113.7",
        "data": {"previous_session_id": str(before["id"])},
    }
    (line,) = events(logs, "auth.session.reauthenticated")
    assert facts(line, "session_id", "previous_session_id") == (str(after["id"]), str(before["id"]))


@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": ["a"]}, {"password": "a", "code": "1"}])
async def test_an_invalid_body_is_refused(owner: Owner, body: dict[str, object]) -> None:
    assert is_problem(await owner.call("POST", "/api/v1/account/reauthenticate", json=body), 422, "invalid_request")


async def test_the_session_gets_a_new_id(service: Service, owner: Owner) -> None:
    before = UUID(str(service.sessions_of(owner.person)[0]["id"]))
    await owner.reauthenticate()
    assert service.sql("SELECT id FROM sessions WHERE id = %s", before) == []
    assert service.sessions_of(owner.person)[0]["id"] != before


async def test_a_session_ended_by_a_password_change_gets_no_wrong_password_error(
    service: Service, owner: Owner
) -> None:
    """The call was authenticated before the change, when its password was right."""
    services = service.app.state.services
    caller = await caller_of(services.authentication, owner.pair.access)
    await owner.change_password()
    with pytest.raises(InvalidAccessTokenError):
        await services.own_account.reauthentication.reauthenticate(caller, owner.person.password)


@pytest.mark.parametrize("call", ["reauthenticate", "password"])
async def test_wrong_passwords_in_a_session_are_throttled_and_do_not_block_logins(
    service: Service, owner: Owner, logs: Logs, call: str
) -> None:
    async def guess(password: str) -> httpx.Response:
        return await (owner.post_password(password) if call == "password" else owner.post_reauthenticate(password))

    answers = [await guess("a guess of the password") for _ in range(LOGIN_CURVE.free)]
    assert statuses(answers) == [403] * LOGIN_CURVE.free
    for again in (guess(owner.person.password), owner.post_password(), owner.post_reauthenticate()):
        assert is_problem(await again, 429, "login_throttled")
    assert {line["counted_as"] for line in events(logs, "auth.login.throttled")} == {"signed_in"}
    assert (await service.post_login(owner.person)).status_code == 200


async def test_wrong_passwords_in_a_stolen_session_do_not_block_its_owner(service: Service, owner: Owner) -> None:
    thief = Owner(service, owner.person, await service.log_in(owner.person))
    for _ in range(LOGIN_CURVE.free):
        assert (await thief.post_reauthenticate("a guess of the password")).status_code == 403
    assert is_problem(await thief.post_password(), 429, "login_throttled")
    owner.pair = await owner.reauthenticate()
    assert (await owner.end("others")).status_code == 204
    assert (await owner.post_password()).status_code == 200


async def test_a_right_password_in_a_session_clears_the_failed_attempts(owner: Owner) -> None:
    for _ in range(2):
        for _ in range(LOGIN_CURVE.free - 1):
            assert (await owner.post_reauthenticate("a guess of the password")).status_code == 403
        owner.pair = await owner.reauthenticate()
