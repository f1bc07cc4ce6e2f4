"""SECRET_KEY is replaced: applications with the old and the new key use one database, in turn or together."""

import secrets
from datetime import timedelta

import httpx
import pytest

from tests.integration.service import FakeClock, MakeService, Service, is_problem


@pytest.fixture
def new_key() -> str:
    return secrets.token_urlsafe(48)


@pytest.fixture
async def rotated(make_service: MakeService, secret_key: str, new_key: str) -> Service:
    """The application after the change, with the new key and the old one as the previous key."""
    return await make_service(secret_key=new_key, secret_key_previous=secret_key)


async def test_all_sessions_stay_valid(service: Service, rotated: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert (await rotated.get_me(pair.access)).status_code == 200
    renewed = await rotated.refresh(pair.refresh)
    assert (await rotated.get_me(renewed.access)).status_code == 200


async def test_a_refresh_returns_a_token_of_the_new_key(
    service: Service, rotated: Service, make_service: MakeService, new_key: str
) -> None:
    _, pair = await service.register_and_log_in()
    renewed = await rotated.refresh(pair.refresh)
    finished = await make_service(secret_key=new_key)
    assert (await finished.get_me(renewed.access)).status_code == 200
    assert (await finished.post_refresh(renewed.refresh)).status_code == 200


async def test_without_the_old_key_its_tokens_are_refused_and_end_no_session(
    service: Service, make_service: MakeService, new_key: str
) -> None:
    person, pair = await service.register_and_log_in()
    finished = await make_service(secret_key=new_key)
    assert is_problem(await finished.get_me(pair.access), 401, "invalid_access_token")
    assert is_problem(await finished.post_refresh(pair.refresh), 401, "invalid_refresh_token")
    assert (await finished.post_revoke(pair.refresh)).status_code == 204
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_tokens_of_the_new_key_are_refused_by_the_old_one(service: Service, rotated: Service) -> None:
    _, pair = await rotated.register_and_log_in()
    assert is_problem(await service.get_me(pair.access), 401, "invalid_access_token")
    assert is_problem(await service.post_refresh(pair.refresh), 401, "invalid_refresh_token")


async def test_a_used_token_of_the_old_key_ends_its_session(service: Service, rotated: Service) -> None:
    person, pair = await service.register_and_log_in()
    renewed = await rotated.refresh(pair.refresh)
    assert is_problem(await rotated.post_refresh(pair.refresh), 401, "invalid_refresh_token")
    assert is_problem(await rotated.get_me(renewed.access), 401, "invalid_access_token")
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_a_token_of_the_old_key_ends_its_session_at_logout(service: Service, rotated: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert (await rotated.post_revoke(pair.refresh)).status_code == 204
    assert is_problem(await rotated.get_me(pair.access), 401, "invalid_access_token")


async def _with_leeway(make_service: MakeService, **keys: str) -> Service:
    return await make_service(refresh_token_reuse_leeway_seconds=10, **keys)


async def test_within_the_leeway_a_token_of_the_old_key_has_one_successor(
    service: Service, make_service: MakeService, secret_key: str, new_key: str
) -> None:
    _, pair = await service.register_and_log_in()
    rotated = await _with_leeway(make_service, secret_key=new_key, secret_key_previous=secret_key)
    first = await rotated.refresh(pair.refresh)
    assert (await rotated.refresh(pair.refresh)).refresh == first.refresh


async def test_a_successor_repeated_after_the_change_is_signed_with_the_new_key(
    make_service: MakeService, secret_key: str, new_key: str
) -> None:
    """Both texts are of one generation, so the second to be used counts as used already."""
    before = await _with_leeway(make_service)
    person, pair = await before.register_and_log_in()
    given = await before.refresh(pair.refresh)
    after = await _with_leeway(make_service, secret_key=new_key, secret_key_previous=secret_key)
    repeated = await after.refresh(pair.refresh)
    assert repeated.refresh != given.refresh
    assert before.sessions_of(person)[0]["generation"] == 1
    third = await after.refresh(given.refresh)
    assert (await after.refresh(repeated.refresh)).refresh == third.refresh
    assert before.sessions_of(person)[0]["generation"] == 2


async def test_using_both_texts_of_one_successor_counts_as_reuse(
    make_service: MakeService, secret_key: str, new_key: str, clock: FakeClock
) -> None:
    before = await _with_leeway(make_service)
    person, pair = await before.register_and_log_in()
    given = await before.refresh(pair.refresh)
    after = await _with_leeway(make_service, secret_key=new_key, secret_key_previous=secret_key)
    repeated = await after.refresh(pair.refresh)
    await after.refresh(repeated.refresh)
    clock.advance(timedelta(seconds=11))
    assert is_problem(await after.post_refresh(given.refresh), 401, "invalid_refresh_token")
    assert before.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_a_rolling_change_of_the_key_refuses_no_token(
    service: Service, make_service: MakeService, secret_key: str, new_key: str
) -> None:
    """First every copy accepts the new key, then every copy signs with it: all tokens are readable at each step."""
    learning = await make_service(secret_key=secret_key, secret_key_previous=new_key)
    changed = await make_service(secret_key=new_key, secret_key_previous=secret_key)
    for one, other in [(service, learning), (learning, changed)]:
        for writer, reader in [(one, other), (other, one)]:
            _, pair = await writer.register_and_log_in()
            assert (await reader.get_me(pair.access)).status_code == 200
            renewed = await reader.refresh(pair.refresh)
            assert (await writer.refresh(renewed.refresh)).access


async def _list(service: Service, access_token: str, after: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {access_token}"}
    return await service.client.get("/api/v1/items", params={"page_size": 1, "after": after}, headers=headers)


async def test_a_cursor_from_before_the_change_stays_valid(
    service: Service, rotated: Service, make_service: MakeService, new_key: str
) -> None:
    _, pair = await service.register_and_log_in()
    for title in ("one", "two", "three"):
        headers = {"Authorization": f"Bearer {pair.access}"}
        assert (await service.client.post("/api/v1/items", json={"title": title}, headers=headers)).status_code == 201
    old_cursor = (await _list(service, pair.access, "")).json()["pagination"]["next_cursor"]
    part = (await _list(rotated, pair.access, old_cursor)).json()
    new_cursor = part["pagination"]["next_cursor"]
    assert new_cursor is not None
    finished = await make_service(secret_key=new_key)
    renewed = await rotated.refresh(pair.refresh)
    assert (await _list(finished, renewed.access, new_cursor)).status_code == 200
    assert is_problem(await _list(finished, renewed.access, old_cursor), 422, "invalid_cursor")
    changed = old_cursor[:-1] + ("A" if old_cursor[-1] != "A" else "B")
    assert is_problem(await _list(rotated, renewed.access, changed), 422, "invalid_cursor")
