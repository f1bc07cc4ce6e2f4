"""The number of sessions of a user is limited: a login beyond the limit ends the least recently used one."""

import asyncio
from datetime import timedelta

import pytest

from doorward.domain.auth.repositories.sessions import DEAD_KEPT, MAXIMUM_SESSIONS_ENDED
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, is_problem

MOST = 3
MINUTE = timedelta(minutes=1)
COPIES = """
    INSERT INTO sessions (id, user_id, epoch, secret_hash, generation, client_id, scopes, amr, acr, authenticated_at,
        created_at, refreshed_at, expires_at, session_expires_at, ended_at, end_reason)
    SELECT gen_random_uuid(), user_id, epoch, secret_hash, 0, client_id, scopes, amr, acr, authenticated_at,
        created_at - number * interval '1 second', refreshed_at, expires_at, session_expires_at,
        CASE WHEN %s THEN created_at END, CASE WHEN %s THEN 'logout' END
    FROM sessions, generate_series(1, %s) AS number
    WHERE user_id = %s
"""


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    return await make_service(sessions_per_user=MOST)


def add_copies(owner: Owner, number: int, *, ended: bool) -> None:
    """Store copies of the owner's first session, each a second older than the previous one."""
    owner.service.sql(COPIES, ended, ended, number, owner.person.id)


def count_sessions(owner: Owner) -> tuple[int, int]:
    """Return the number of the owner's sessions that have not ended, and of those that have."""
    rows = owner.service.sessions_of(owner.person)
    ended = sum(row["ended_at"] is not None for row in rows)
    return len(rows) - ended, ended


async def test_a_login_beyond_the_limit_ends_the_least_recently_used_session(
    service: Service, clock: FakeClock, logs: Logs
) -> None:
    stranger, person = await signed_in(service), await service.register()
    pairs = []
    for _ in range(MOST):
        pairs.append(await service.log_in(person))
        clock.advance(MINUTE)
    pairs[0] = await service.refresh(pairs[0].refresh)
    clock.advance(MINUTE)
    pairs.append(await service.log_in(person))
    alive = [(await service.get_me(pair.access)).status_code for pair in pairs]
    assert alive == [200, 401, 200, 200]
    assert is_problem(await service.post_refresh(pairs[1].refresh), 401, "invalid_refresh_token")
    assert (await service.get_me(stranger.pair.access)).status_code == 200
    (displaced,) = [row for row in service.sessions_of(person) if row["ended_at"] is not None]
    assert (displaced["end_reason"], displaced["ended_at"]) == ("displaced", clock.now())
    recorded = "SELECT session_id, data, personal FROM audit_events WHERE user_id = %s AND type = 'session.ended'"
    assert service.sql(recorded, person.id) == [
        {"session_id": displaced["id"], "data": {"reason": "displaced"}, "personal": {"client": "203.0.113.7"}}
    ]
    assert [line["reason"] for line in events(logs, "auth.session.revoked")] == ["displaced"]
    assert events(logs, "auth.session.reuse_detected") == []


async def test_ended_sessions_do_not_count_toward_the_limit(service: Service, clock: FakeClock) -> None:
    person = await service.register()
    lasting = await service.log_in(person)
    for _ in range(2 * MOST):
        clock.advance(MINUTE)
        assert (await service.post_revoke((await service.log_in(person)).refresh)).status_code == 204
    assert (await service.get_me(lasting.access)).status_code == 200


async def test_concurrent_logins_do_not_exceed_the_limit(service: Service) -> None:
    person = await service.register()
    await asyncio.gather(*(service.log_in(person) for _ in range(4 * MOST)))
    assert sum(row["ended_at"] is None for row in service.sessions_of(person)) == MOST


async def test_sessions_above_the_limit_are_ended_by_the_next_logins(service: Service) -> None:
    owner = await signed_in(service)
    add_copies(owner, MOST + MAXIMUM_SESSIONS_ENDED, ended=False)
    await service.log_in(owner.person)
    # The login adds one session, and ends as many as one login may end.
    assert count_sessions(owner) == (MOST + 2, MAXIMUM_SESSIONS_ENDED)
    await service.log_in(owner.person)
    assert count_sessions(owner) == (MOST, MAXIMUM_SESSIONS_ENDED + 3)


async def test_the_newest_ended_sessions_and_the_previous_login_are_kept(service: Service, clock: FakeClock) -> None:
    owner = await signed_in(service)
    begun_at = clock.now()
    add_copies(owner, DEAD_KEPT + 20, ended=True)
    clock.advance(MINUTE)
    owner.pair = await service.log_in(owner.person)
    assert count_sessions(owner) == (2, DEAD_KEPT)
    oldest = min(row["created_at"] for row in service.sessions_of(owner.person))
    assert oldest == begun_at - DEAD_KEPT * timedelta(seconds=1)
    assert (await owner.account())["previous_login"] == begun_at.isoformat().replace("+00:00", "Z")
