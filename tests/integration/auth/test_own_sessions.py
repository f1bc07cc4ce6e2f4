"""The list of the user's own sessions, and ending one, the others or all of them."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from development.client import TOKEN, Pair, pair
from tests.integration.accounts.own_account import ACCOUNT, END, SESSIONS, Owner, is_alive, is_dead, signed_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, facts, is_problem


def live_sessions_of(service: Service, owner: Owner) -> int:
    """Return the number of the user's sessions of the current epoch that have not ended."""
    count = "SELECT count(*) FROM sessions JOIN users ON users.id = user_id AND session_epoch = epoch"
    found: int = service.sql(f"{count} WHERE user_id = %s AND ended_at IS NULL", owner.person.id)[0]["count"]
    return found


async def test_the_list_shows_each_live_session_with_its_device(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    first_id = service.sessions_of(owner.person)[0]["id"]
    clock.advance(timedelta(minutes=1))
    await service.client_at("198.51.100.9").post(
        TOKEN,
        data={"username": owner.person.username, "password": owner.person.password},
        headers={"User-Agent": "kites/1.0"},
    )
    owner.pair = await service.refresh(owner.pair.refresh)
    current, other = await owner.sessions()
    assert current == {
        "id": str(first_id),
        "current": True,
        "user_agent": service.sessions_of(owner.person)[0]["user_agent"],
        "address": "203.0.113.7",
        "created_at": "2026-03-01T12:00:00Z",
        "refreshed_at": "2026-03-01T12:01:00Z",
        "amr": ["pwd"],
    }
    assert (other["current"], other["user_agent"], other["address"]) == (False, "kites/1.0", "198.51.100.9")


async def test_the_current_session_is_listed_first_then_the_latest_used(service: Service, clock: FakeClock) -> None:
    owner = await signed_in(service)
    for minutes in range(1, 4):
        clock.advance(timedelta(minutes=minutes))
        await service.log_in(owner.person)
    listed = await owner.sessions()
    assert [session["current"] for session in listed] == [True, False, False, False]
    used = [session["refreshed_at"] for session in listed[1:]]
    assert used == sorted(used, reverse=True)


async def test_ended_sessions_and_those_of_other_users_are_not_listed(service: Service, clock: FakeClock) -> None:
    person = await service.register()
    await service.log_in(person)
    clock.advance(timedelta(days=7))
    logged_out = await service.log_in(person)
    await service.post_revoke(logged_out.refresh)
    await service.register_and_log_in()
    owner = Owner(service, person, await service.log_in(person))
    assert [session["current"] for session in await owner.sessions()] == [True]


async def test_only_the_named_session_is_ended(service: Service, owner: Owner) -> None:
    lost, kept = await service.log_in(owner.person), await service.log_in(owner.person)
    (lost_id,) = await _ids_of(service, owner, lost)
    answer = await owner.call("DELETE", f"{SESSIONS}/{lost_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_dead(service, lost)
    assert await is_alive(service, kept)
    assert is_problem(await owner.call("DELETE", f"{SESSIONS}/{lost_id}"), 404, "session_not_found")
    assert await is_alive(service, owner.pair)


async def _ids_of(service: Service, owner: Owner, tokens: Pair) -> list[str]:
    """Return the id of the tokens' session, from the list of sessions."""
    listed = await Owner(service, owner.person, tokens).sessions()
    return [session["id"] for session in listed if session["current"]]


async def test_ending_the_own_current_session_is_a_logout(service: Service, owner: Owner) -> None:
    (current,) = await owner.sessions()
    assert (await owner.call("DELETE", f"{SESSIONS}/{current['id']}")).status_code == 204
    assert await is_dead(service, owner.pair)
    assert service.sessions_of(owner.person)[0]["end_reason"] == "owner"


async def test_a_session_of_another_user_is_reported_as_unknown(service: Service, owner: Owner) -> None:
    victim = await signed_in(service)
    (session,) = await victim.sessions()
    refused = await owner.call("DELETE", f"{SESSIONS}/{session['id']}")
    unknown = await owner.call("DELETE", f"{SESSIONS}/{uuid4()}")
    assert is_problem(refused, 404, "session_not_found")
    assert {**refused.json(), "correlation_id": ""} == {**unknown.json(), "correlation_id": ""}
    assert await is_alive(service, victim.pair)


async def test_an_invalid_session_id_is_not_found(owner: Owner) -> None:
    assert is_problem(await owner.call("DELETE", f"{SESSIONS}/me"), 404, "not_found")


@pytest.mark.parametrize("which", ["others", "all"])
async def test_ending_many_sessions_at_once_leaves_those_of_other_users(
    service: Service, owner: Owner, which: str
) -> None:
    others = [await service.log_in(owner.person) for _ in range(3)]
    bystander = await signed_in(service)
    answer = await owner.end(which)
    assert (answer.status_code, answer.content) == (204, b"")
    for tokens in others:
        assert await is_dead(service, tokens)
    assert await (is_alive if which == "others" else is_dead)(service, owner.pair)
    assert await is_alive(service, bystander.pair)
    assert (await service.post_token(owner.person.username, owner.person.password)).status_code == 200


@pytest.mark.parametrize("which", ["others", "all"])
async def test_another_copy_of_the_service_refuses_the_session_at_the_next_request(
    make_service: MakeService, which: str
) -> None:
    one, another = await make_service(), await make_service()
    owner = await signed_in(one)
    other = await another.log_in(owner.person)
    assert (await another.get_me(other.access)).status_code == 200
    assert (await owner.end(which)).status_code == 204
    assert await is_dead(another, other)
    assert await (is_alive if which == "others" else is_dead)(another, owner.pair)


async def test_ending_the_others_leaves_the_current_tokens_valid(service: Service, owner: Owner) -> None:
    before = service.sessions_of(owner.person)
    await owner.end("others")
    after = service.sessions_of(owner.person)
    assert [{**row, "epoch": 0, "device_id": before[0]["device_id"]} for row in after] == before
    rotated = await service.refresh(owner.pair.refresh)
    assert is_problem(await service.post_refresh(owner.pair.refresh), 401, "invalid_refresh_token")
    assert await is_dead(service, rotated), "a used token is still detected as reuse"


async def test_an_ended_session_stays_ended(service: Service, owner: Owner) -> None:
    ended = await service.log_in(owner.person)
    await service.post_revoke(ended.refresh)
    for which in ("others", "others", "all"):
        await owner.end(which)
    assert await is_dead(service, ended)
    assert live_sessions_of(service, owner) == 0


@pytest.mark.parametrize("which", ["others", "all"])
async def test_a_login_checked_before_the_end_of_all_sessions_begins_no_session(
    service_alone: Service, which: str
) -> None:
    owner = await signed_in(service_alone)
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [owner.person.id])
        end = asyncio.create_task(owner.end(which))
        await service_alone.locks_are_waited_for(1)
        login = asyncio.create_task(service_alone.post_token(owner.person.username, owner.person.password))
        await service_alone.locks_are_waited_for(2)
    assert (await end).status_code == 204
    assert is_problem(await login, 401, "invalid_credentials")
    assert live_sessions_of(service_alone, owner) == (which == "others")


async def test_concurrent_refreshes_of_other_sessions_end_and_the_current_session_continues(service: Service) -> None:
    for _ in range(3):
        owner = await signed_in(service)
        other = await service.log_in(owner.person)
        refreshed, own, ended = await asyncio.gather(
            service.post_refresh(other.refresh), service.post_refresh(owner.pair.refresh), owner.end("others")
        )
        assert (own.status_code, ended.status_code) == (200, 204)
        if refreshed.status_code == 200:
            assert await is_dead(service, pair(refreshed))
        assert await is_alive(service, pair(own))


async def test_two_sessions_that_end_the_others_concurrently_leave_one(service: Service, owner: Owner) -> None:
    other = Owner(service, owner.person, await service.log_in(owner.person))
    answers = await asyncio.gather(owner.end("others"), other.end("others"))
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    assert live_sessions_of(service, owner) == 1


@pytest.mark.parametrize("body", [{}, {"which": "none"}, {"which": None}, {"which": ["all"]}])
async def test_an_invalid_body_ends_no_session(service: Service, owner: Owner, body: dict[str, object]) -> None:
    assert is_problem(await owner.call("POST", END, json=body), 422, "invalid_request")
    assert live_sessions_of(service, owner) == 1


async def test_ended_sessions_are_recorded(service: Service, owner: Owner, logs: Logs) -> None:
    await service.log_in(owner.person)
    lost = await service.log_in(owner.person)
    (lost_id,) = await _ids_of(service, owner, lost)
    (current,) = [session["id"] for session in await owner.sessions() if session["current"]]
    await owner.call("DELETE", f"{SESSIONS}/{lost_id}")
    await owner.end("others")
    await owner.end("all")
    recorded = service.sql(
        "SELECT type, session_id::text, data, actor, personal FROM audit_events"
        " WHERE user_id = %s AND type ~ 'ended' ORDER BY id",
        owner.person.id,
    )
    whole = {"actor": owner.person.id, "personal": {"client": "203.0.113.7"}}
    assert recorded == [
        {"type": "session.ended", "session_id": lost_id, "data": {"reason": "owner"}, **whole},
        *(
            {
                "type": "session.all_ended",
                "session_id": current,
                "data": {"reason": "owner", "count": 1, "which": which},
                **whole,
            }
            for which in ("others", "all")
        ),
    ]
    assert [facts(line, "level", "which") for line in events(logs, "auth.session.all_revoked")] == [
        ("info", "others"),
        ("info", "all"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "most", "limit"),
    [
        ("PATCH", ACCOUNT, {}, 5, "account"),
        ("POST", f"{ACCOUNT}/password", {}, 10, "password"),
        ("POST", f"{ACCOUNT}/reauthenticate", {}, 10, "reauthenticate"),
        ("GET", SESSIONS, None, 20, "sessions"),
        ("POST", END, {}, 20, "sessions"),
        ("DELETE", f"{SESSIONS}/{UUID(int=1)}", None, 20, "sessions"),
    ],
)
async def test_calls_are_limited_per_client_address_and_minute(
    make_service: MakeService, method: str, path: str, body: object, most: int, limit: str
) -> None:
    service = await make_service(rate_limit_enabled=True, **{f"rate_limit_{limit}": f"{most}/minute"})
    owner = await signed_in(service)
    answers = [await owner.call(method, path, json=body) for _ in range(most + 1)]
    assert 429 not in {answer.status_code for answer in answers[:-1]}
    assert is_problem(answers[-1], 429, "rate_limit_exceeded")
