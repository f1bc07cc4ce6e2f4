"""Sessions: rotation, reuse, and their effect on the user's other sessions."""

import asyncio
import base64
from datetime import timedelta
from hashlib import sha256

from tests.integration.service import FakeClock, Logs, MakeService, Service, events, is_problem, statuses


async def test_each_refresh_returns_the_next_pair(service: Service) -> None:
    _, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    third = await service.refresh(second.refresh)
    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert (await service.get_me(third.access)).status_code == 200


async def test_a_refresh_adds_no_row_and_increments_the_generation(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    for _ in range(5):
        pair = await service.refresh(pair.refresh)
    (session,) = service.sessions_of(person)
    assert (session["generation"], session["ended_at"]) == (5, None)


async def test_the_row_contains_only_the_hash_of_the_secret(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    raw = base64.urlsafe_b64decode(pair.refresh.removeprefix("dwr_"))
    (session,) = service.sessions_of(person)
    assert session["secret_hash"] == sha256(raw[37:53]).digest()
    assert raw[37:53] not in str(session).encode()


async def test_a_replaced_token_is_refused_and_ends_its_session(service: Service) -> None:
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    assert is_problem(await service.post_refresh(first.refresh), 401, "invalid_refresh_token")
    assert is_problem(await service.post_refresh(second.refresh), 401, "invalid_refresh_token")
    assert is_problem(await service.get_me(second.access), 401, "invalid_access_token")
    assert is_problem(await service.get_me(first.access), 401, "invalid_access_token")
    (session,) = service.sessions_of(person)
    assert session["end_reason"] == "reuse"


async def test_reuse_ends_the_session_although_the_request_is_refused(service: Service, clock: FakeClock) -> None:
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    clock.advance(timedelta(minutes=1))
    assert (await service.post_refresh(first.refresh)).status_code == 401
    (session,) = service.sessions_of(person)
    assert (session["end_reason"], session["ended_at"]) == ("reuse", clock.now())


async def test_a_recorded_revocation_never_changes(service: Service, clock: FakeClock) -> None:
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    await service.post_refresh(first.refresh)
    revoked = service.sessions_of(person)
    clock.advance(timedelta(minutes=1))
    await service.post_refresh(first.refresh)
    await service.post_revoke(second.refresh)
    assert service.sessions_of(person) == revoked


async def test_a_revocation_survives_a_restart(make_service: MakeService) -> None:
    before = await make_service()
    _, first = await before.register_and_log_in()
    second = await before.refresh(first.refresh)
    await before.post_refresh(first.refresh)
    after = await make_service()
    assert (await after.post_refresh(second.refresh)).status_code == 401


async def test_reuse_does_not_end_other_sessions_of_the_user(service: Service) -> None:
    person, stolen = await service.register_and_log_in()
    other = await service.log_in(person)
    await service.refresh(stolen.refresh)
    assert (await service.post_refresh(stolen.refresh)).status_code == 401
    assert (await service.get_me(other.access)).status_code == 200
    assert (await service.post_refresh(other.refresh)).status_code == 200


async def test_reuse_is_logged_with_user_and_session_and_without_the_token(service: Service, logs: Logs) -> None:
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    await service.post_refresh(first.refresh)
    (line,) = [line for line in logs.lines() if line["event"] == "auth.refresh.reuse_detected"]
    (session,) = service.sessions_of(person)
    assert (line["level"], line["user_id"], line["session_id"]) == ("warning", person.id, str(session["id"]))
    assert first.refresh not in logs.text()


async def test_of_60_concurrent_refreshes_exactly_one_succeeds_and_the_session_ends(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    answers = await asyncio.gather(*(service.post_refresh(pair.refresh) for _ in range(60)))
    assert statuses(answers) == [200] + [401] * 59
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert (await service.post_refresh(winner["refresh_token"])).status_code == 401
    assert (await service.get_me(winner["access_token"])).status_code == 401
    (session,) = service.sessions_of(person)
    assert (session["generation"], session["end_reason"]) == (1, "reuse")


async def test_with_leeway_60_concurrent_refreshes_return_the_same_successor(make_service: MakeService) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, pair = await service.register_and_log_in()
    answers = await asyncio.gather(*(service.post_refresh(pair.refresh) for _ in range(60)))
    assert statuses(answers) == [200] * 60
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    (session,) = service.sessions_of(person)
    assert (session["generation"], session["ended_at"]) == (1, None)


async def test_the_predecessor_can_be_repeated_until_the_leeway_ends(
    make_service: MakeService, clock: FakeClock
) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    _, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    clock.advance(timedelta(seconds=10))
    assert (await service.refresh(first.refresh)).refresh == second.refresh
    clock.advance(timedelta(microseconds=1))
    assert (await service.post_refresh(first.refresh)).status_code == 401
    assert (await service.post_refresh(second.refresh)).status_code == 401


async def test_repeats_do_not_extend_the_leeway(make_service: MakeService, clock: FakeClock) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    for _ in range(3):
        clock.advance(timedelta(seconds=3))
        await service.refresh(first.refresh)
    clock.advance(timedelta(seconds=3))
    assert (await service.post_refresh(first.refresh)).status_code == 401
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_repeats_change_nothing_in_the_row(make_service: MakeService, clock: FakeClock) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    before = service.sessions_of(person)
    clock.advance(timedelta(seconds=5))
    await service.refresh(first.refresh)
    assert service.sessions_of(person) == before


async def test_an_older_token_ends_the_session_even_within_the_leeway(make_service: MakeService) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    third = await service.refresh(second.refresh)
    assert (await service.post_refresh(first.refresh)).status_code == 401
    assert (await service.post_refresh(third.refresh)).status_code == 401
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_a_repeated_pair_works(make_service: MakeService) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    _, pair = await service.register_and_log_in()
    await service.refresh(pair.refresh)
    repeated = await service.refresh(pair.refresh)
    assert (await service.get_me(repeated.access)).status_code == 200
    assert (await service.post_refresh(repeated.refresh)).status_code == 200


async def test_a_logout_of_an_expired_session_is_not_recorded(service: Service, logs: Logs) -> None:
    person, tokens = await service.register_and_log_in()
    service.sql("UPDATE sessions SET expires_at = %s WHERE user_id = %s", service.clock.now(), person.id)
    assert (await service.post_revoke(tokens.refresh)).status_code == 204
    assert service.sql("SELECT id FROM audit_events WHERE user_id = %s AND type = 'session.ended'", person.id) == []
    assert [line["reason"] for line in events(logs, "auth.revocation.ignored")] == ["not_live"]
    assert service.sessions_of(person)[0]["ended_at"] is None
