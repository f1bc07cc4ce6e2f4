"""Idle and absolute limits of sessions, and the effect of deactivating a user."""

from dataclasses import replace
from datetime import timedelta

import pytest

from development.client import PASSWORD
from doorward.domain.auth.tokens.refresh_token import LAST_GENERATION
from tests.integration.auth.refresh_tokens import codec_of
from tests.integration.service import FakeClock, MakeService, Service, is_problem

SECOND = timedelta(seconds=1)
IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=90)


async def test_a_token_works_until_a_second_before_the_idle_limit(service: Service, clock: FakeClock) -> None:
    _, pair = await service.register_and_log_in()
    clock.advance(IDLE - SECOND)
    assert (await service.post_refresh(pair.refresh)).status_code == 200


@pytest.mark.parametrize("beyond", [timedelta(0), SECOND])
async def test_a_token_is_refused_from_the_idle_limit_on(service: Service, clock: FakeClock, beyond: timedelta) -> None:
    person, pair = await service.register_and_log_in()
    clock.advance(IDLE + beyond)
    assert is_problem(await service.post_refresh(pair.refresh), 401, "invalid_refresh_token")
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_a_refresh_restarts_the_idle_limit(service: Service, clock: FakeClock) -> None:
    _, pair = await service.register_and_log_in()
    for _ in range(3):
        clock.advance(IDLE - SECOND)
        pair = await service.refresh(pair.refresh)
    clock.advance(IDLE)
    assert (await service.post_refresh(pair.refresh)).status_code == 401


async def _refreshed_until_near_the_end(service: Service, clock: FakeClock) -> str:
    _, pair = await service.register_and_log_in()
    end = clock.now() + ABSOLUTE
    while clock.now() + IDLE < end:
        clock.advance(IDLE - SECOND)
        pair = await service.refresh(pair.refresh)
    clock.advance(end - clock.now() - SECOND)
    return pair.refresh


async def test_a_session_works_until_a_second_before_its_absolute_limit(service: Service, clock: FakeClock) -> None:
    token = await _refreshed_until_near_the_end(service, clock)
    assert (await service.post_refresh(token)).status_code == 200


async def test_a_refresh_does_not_extend_the_absolute_limit(service: Service, clock: FakeClock) -> None:
    pair = await service.refresh(await _refreshed_until_near_the_end(service, clock))
    assert (await service.get_me(pair.access)).status_code == 200
    clock.advance(SECOND)
    assert (await service.post_refresh(pair.refresh)).status_code == 401
    assert is_problem(await service.get_me(pair.access), 401, "invalid_access_token")


async def test_the_idle_limit_never_exceeds_the_absolute_limit(service: Service, clock: FakeClock) -> None:
    person, pair = await service.register_and_log_in()
    for _ in range(14):
        clock.advance(timedelta(days=6))
        pair = await service.refresh(pair.refresh)
        (session,) = service.sessions_of(person)
        assert session["expires_at"] == min(clock.now() + IDLE, session["session_expires_at"])
    assert session["expires_at"] == session["session_expires_at"]


async def test_an_absolute_limit_below_the_idle_limit_is_enforced(make_service: MakeService, clock: FakeClock) -> None:
    service = await make_service(session_max_days=1)
    _, pair = await service.register_and_log_in()
    clock.advance(timedelta(days=1))
    assert (await service.post_refresh(pair.refresh)).status_code == 401


async def test_reuse_in_an_expired_session_is_refused_and_changes_nothing(service: Service, clock: FakeClock) -> None:
    person, pair = await service.register_and_log_in()
    await service.refresh(pair.refresh)
    clock.advance(IDLE)
    assert (await service.post_refresh(pair.refresh)).status_code == 401
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_an_access_token_works_until_a_second_before_it_expires(service: Service, clock: FakeClock) -> None:
    _, pair = await service.register_and_log_in()
    clock.advance(timedelta(minutes=30) - SECOND)
    assert (await service.get_me(pair.access)).status_code == 200
    clock.advance(SECOND)
    assert is_problem(await service.get_me(pair.access), 401, "invalid_access_token")


async def test_a_deactivated_user_is_refused_everywhere_from_the_next_request_on(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    service.set_active(person, active=False)
    assert is_problem(await service.get_me(pair.access), 401, "invalid_access_token")
    assert is_problem(await service.post_refresh(pair.refresh), 401, "invalid_refresh_token")
    assert is_problem(await service.post_token(person.username, PASSWORD), 401, "invalid_credentials")


async def test_a_deactivated_user_may_still_log_out(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    service.set_active(person, active=False)
    assert (await service.post_revoke(pair.refresh)).status_code == 204
    service.set_active(person, active=True)
    assert (await service.post_refresh(pair.refresh)).status_code == 401


async def test_a_refused_refresh_of_a_deactivated_user_keeps_the_token_usable(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    service.set_active(person, active=False)
    assert (await service.post_refresh(pair.refresh)).status_code == 401
    service.set_active(person, active=True)
    assert (await service.post_refresh(pair.refresh)).status_code == 200


async def test_a_deleted_user_is_refused_everywhere(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    service.sql("DELETE FROM users WHERE id = %s", person.id)
    assert (await service.get_me(pair.access)).status_code == 401
    assert (await service.post_refresh(pair.refresh)).status_code == 401
    assert (await service.post_revoke(pair.refresh)).status_code == 204


def _at_generation(service: Service, token: str, generation: int) -> str:
    """Set the generation of the token's session; return its token of that generation."""
    codec = codec_of(service)
    moved = replace(codec.decode(token), generation=generation)
    service.sql("UPDATE sessions SET generation = %s WHERE id = %s", generation, moved.session_id)
    return codec.encode(moved)


@pytest.mark.parametrize("leeway", [0, 10])
async def test_a_session_can_be_refreshed_up_to_the_last_generation(make_service: MakeService, leeway: int) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=leeway)
    person, pair = await service.register_and_log_in()
    before_the_last = _at_generation(service, pair.refresh, LAST_GENERATION - 1)
    last = await service.refresh(before_the_last)
    assert is_problem(await service.post_refresh(last.refresh), 401, "invalid_refresh_token")
    assert service.sessions_of(person)[0]["generation"] == LAST_GENERATION
    assert (await service.post_revoke(last.refresh)).status_code == 204
    assert service.sessions_of(person)[0]["end_reason"] == "logout"


@pytest.mark.parametrize("leeway", [0, 10])
async def test_a_session_beyond_the_last_generation_is_refused(make_service: MakeService, leeway: int) -> None:
    """An earlier version rotated once more, and could not encode the new token."""
    service = await make_service(refresh_token_reuse_leeway_seconds=leeway)
    person, pair = await service.register_and_log_in()
    last = _at_generation(service, pair.refresh, LAST_GENERATION)
    service.sql("UPDATE sessions SET generation = generation + 1 WHERE user_id = %s", person.id)
    assert is_problem(await service.post_refresh(last), 401, "invalid_refresh_token")
