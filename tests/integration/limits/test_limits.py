"""Rate limits per client address."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from development.client import ME, REFRESH, REGISTER, TOKEN
from doorward.infrastructure.limits.limiter import create_limiter
from doorward.settings.config import settings_from
from doorward.wiring.parts import Parts
from tests.integration.service import PARTS, MakeService, Service, is_problem, mark, statuses

CALLS: dict[str, tuple[str, dict[str, object], int]] = {
    "register": (REGISTER, {"json": {"email": "ada@example.com", "username": "ab", "password": "short"}}, 5),
    "token": (TOKEN, {}, 10),
    "refresh": (REFRESH, {"json": {"refresh_token": "unknown"}}, 20),
}
Call = Callable[..., Awaitable[httpx.Response]]


class StandingTime:
    """The limiter's clock, which only moves when it is set, so that no window ends on a busy machine."""

    def __init__(self) -> None:
        self.present = 1_000_000_000.0

    def now(self) -> float:
        return self.present


@pytest.fixture
def standing_time() -> StandingTime:
    return StandingTime()


@pytest.fixture
def make_limited(make_service: MakeService, standing_time: StandingTime) -> MakeService:
    """Create an application with limits that use the standing clock."""

    async def make(parts: Parts | None = None, /, **changes: object) -> Service:
        settings = settings_from({"environment": "development", "rate_limit_enabled": True, **changes})
        limiter = create_limiter(settings.limits, standing_time.now)
        return await make_service(replace(parts or PARTS, limiter=limiter), rate_limit_enabled=True, **changes)

    return make


async def _call(client: httpx.AsyncClient, name: str, forwarded_for: str | None = None) -> httpx.Response:
    path, content, _ = CALLS[name]
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    if name == "token":
        content = {"data": {"username": mark(), "password": "wrong"}}  # attempts are limited by name
    return await client.post(path, headers=headers, **content)  # type: ignore[arg-type] # json or data, as httpx names them


@pytest.fixture
async def limited(make_limited: MakeService) -> Service:
    return await make_limited()


@pytest.mark.parametrize("name", list(CALLS))
async def test_a_call_is_limited_as_documented(limited: Service, name: str) -> None:
    allowed = CALLS[name][2]
    answers = [await _call(limited.client, name) for _ in range(allowed + 1)]
    assert 429 not in statuses(answers[:-1])
    assert is_problem(answers[-1], 429, "rate_limit_exceeded")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_refreshes_by_form_count_as_refreshes(limited: Service) -> None:
    for _ in range(10):
        assert (await limited.post_refresh_form("unknown")).status_code == 400
        assert (await limited.post_refresh("unknown")).status_code == 401
    refused = await limited.post_refresh_form("unknown")
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/json")
    assert refused.json()["error"] == "temporarily_unavailable"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await limited.post_refresh("unknown")).status_code == 429
    # Logins have their own limit.
    assert (await limited.post_token(mark(), "wrong")).status_code == 401


async def test_other_requests_at_the_token_call_count_as_logins(limited: Service) -> None:
    form, broken = {"Content-Type": "application/x-www-form-urlencoded"}, b"grant_type=refresh_token&" * 2
    calls: list[dict[str, Any]] = [
        {"content": b"{}", "headers": {"Content-Type": "application/json"}},
        {"content": b"", "headers": form},
        {"content": broken, "headers": form},
        {"content": b"\xff", "headers": form},
        {"data": {"grant_type": "client_credentials"}},
        {"data": {"grant_type": "refresh_token"}, "params": {"refresh_token": "a"}},
        {"data": {"username": mark()}},
        {"content": b"a" * 70_000, "headers": form},
    ]
    answers = [await limited.client.post(TOKEN, **call) for call in calls]
    assert [answer.status_code for answer in answers] == [415, 422, 422, 422, 422, 422, 422, 413]
    # A Content-Length above the limit is refused before the request is counted.
    for _ in range(3):
        assert (await limited.post_token(mark(), "wrong")).status_code == 401
    assert is_problem(await limited.post_token(mark(), "wrong"), 429, "rate_limit_exceeded")
    assert (await limited.post_refresh_form("unknown")).status_code == 400


async def test_a_refused_client_is_accepted_again_after_retry_after(
    limited: Service, standing_time: StandingTime
) -> None:
    for _ in range(5):
        await _call(limited.client, "register")
    standing_time.present += 12.5
    refused = await _call(limited.client, "register")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "48")
    standing_time.present += 48
    assert (await _call(limited.client, "register")).status_code == 422


async def test_a_refused_call_has_no_effect(limited: Service) -> None:
    person, pair = await limited.register_and_log_in()
    for _ in range(20):
        await _call(limited.client, "refresh")
    assert (await limited.post_refresh(pair.refresh)).status_code == 429
    assert limited.sessions_of(person)[0]["generation"] == 0


@pytest.mark.parametrize(
    ("name", "error"), [("token", "temporarily_unavailable"), ("refresh", "temporarily_unavailable")]
)
async def test_the_token_endpoints_refuse_with_an_oauth_error(limited: Service, name: str, error: str) -> None:
    answers = [await _call(limited.client, name) for _ in range(CALLS[name][2] + 1)]
    assert answers[-1].json()["error"] == error


async def test_each_call_is_counted_separately(limited: Service) -> None:
    for _ in range(6):
        await _call(limited.client, "register")
    assert (await _call(limited.client, "token")).status_code == 401


async def test_each_address_is_counted_separately(limited: Service) -> None:
    for _ in range(6):
        await _call(limited.client, "register")
    async with limited.client_at("198.51.100.1") as other:
        assert (await _call(other, "register")).status_code == 422


async def test_addresses_of_one_64_network_are_counted_together(limited: Service) -> None:
    for number in range(5):
        async with limited.client_at(f"2001:db8::{number:x}") as client:
            assert (await _call(client, "register")).status_code == 422
    async with limited.client_at("2001:db8::ffff") as client:
        assert (await _call(client, "register")).status_code == 429


async def test_a_whole_48_network_has_a_wider_limit(make_limited: MakeService) -> None:
    service = await make_limited(rate_limit_ipv6_site_factor=2)
    answers = []
    for number in range(11):
        async with service.client_at(f"2001:db8:0:{number:x}::1") as client:
            answers.append(await _call(client, "register"))
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    async with service.client_at("2001:db8:1::1") as other_site:
        assert (await _call(other_site, "register")).status_code == 422


async def test_calls_refused_by_the_client_limit_do_not_count_for_the_48_network(
    make_limited: MakeService,
) -> None:
    service = await make_limited(rate_limit_ipv6_site_factor=2)
    async with service.client_at("2001:db8:0:1::1") as greedy, service.client_at("2001:db8:0:2::1") as neighbour:
        answers = [await _call(greedy, "register") for _ in range(20)]
        assert statuses(answers) == [422] * 5 + [429] * 15
        assert (await _call(neighbour, "register")).status_code == 422


async def test_me_and_health_are_not_limited(limited: Service) -> None:
    answers = [await limited.client.get(path) for path in (ME, "/health/liveness") for _ in range(50)]
    assert set(statuses(answers)) == {200, 401}


async def test_a_spoofed_x_forwarded_for_changes_nothing(limited: Service) -> None:
    answers = [await _call(limited.client, "register", f"198.51.100.{number}") for number in range(6)]
    assert statuses(answers) == [422] * 5 + [429]


@pytest.fixture
async def behind_proxy(make_limited: MakeService) -> Service:
    return await make_limited(trusted_proxies=(ipaddress.IPv4Network("203.0.113.0/24"),))


async def test_behind_a_trusted_proxy_each_client_is_counted_separately(behind_proxy: Service) -> None:
    answers = [await _call(behind_proxy.client, "register", "198.51.100.1") for _ in range(6)]
    assert statuses(answers) == [422] * 5 + [429]
    assert (await _call(behind_proxy.client, "register", "198.51.100.2")).status_code == 422


async def test_behind_a_trusted_proxy_addresses_prepended_by_the_client_are_ignored(behind_proxy: Service) -> None:
    answers = [await _call(behind_proxy.client, "register", f"192.0.2.{number}, 198.51.100.1") for number in range(6)]
    assert statuses(answers) == [422] * 5 + [429]


async def test_a_peer_other_than_the_proxy_is_counted_by_its_own_address(behind_proxy: Service) -> None:
    async with behind_proxy.client_at("192.0.2.1") as direct:
        answers = [await _call(direct, "register", f"198.51.100.{number}") for number in range(6)]
    assert statuses(answers) == [422] * 5 + [429]


@pytest.mark.parametrize("name", list(CALLS))
async def test_each_limit_can_be_overridden(make_limited: MakeService, name: str) -> None:
    service = await make_limited(**{f"rate_limit_{name}": "2/hour"})
    answers = [await _call(service.client, name) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert int(answers[-1].headers["retry-after"]) > 60


async def test_limits_can_be_disabled(service: Service) -> None:
    assert 429 not in statuses([await _call(service.client, "register") for _ in range(30)])


async def test_two_applications_in_one_process_count_separately(limited: Service, make_limited: MakeService) -> None:
    for _ in range(6):
        await _call(limited.client, "register")
    other = await make_limited()
    assert (await _call(other.client, "register")).status_code == 422
