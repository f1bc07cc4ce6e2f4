"""examples/session_client.py with the service: parallel refreshes, lost responses, retries after refusals, logout."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from development.client import ME
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from examples.search_indexer import log_in
from examples.session_client import (
    DEVICE,
    REFRESH,
    REVOKE,
    TOKEN,
    DoorwardClient,
    LoginRefusedError,
    LoginThrottledError,
    SecondFactorRefusedError,
    SecondFactorRequiredError,
    SessionEndedError,
    Tokens,
)
from tests.integration.accounts.own_account import signed_in
from tests.integration.mfa.protected import Protected
from tests.integration.service import MakeService, Service


class Store:
    """A token store that tests can read and change."""

    def __init__(self) -> None:
        self.tokens: Tokens | None = None

    def load(self) -> Tokens | None:
        return self.tokens

    def save(self, tokens: Tokens | None) -> None:
        self.tokens = tokens

    def spoil_access_token(self) -> None:
        assert self.tokens
        self.tokens = Tokens(access="run out", refresh=self.tokens.refresh)


class Network(httpx.AsyncBaseTransport):
    """Forwards requests to the service, records them, and disturbs the next requests of a path as configured."""

    def __init__(self, service: Service) -> None:
        self._service = httpx.ASGITransport(service.app, client=("203.0.113.7", 50000))
        self.paths: list[str] = []
        self.shown_devices: list[str | None] = []
        self.lost_answers: list[str] = []
        self.answers: dict[str, list[httpx.Response]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if path == TOKEN:
            self.shown_devices.append(request.headers.get(DEVICE))
        if self.answers.get(path):
            return self.answers[path].pop()
        answer = await self._service.handle_async_request(request)
        if path in self.lost_answers:
            self.lost_answers.remove(path)
            raise httpx.ReadError("the connection ended before the answer")
        return answer


class Scene:
    """A logged-in client, its network, and the durations that it waited."""

    def __init__(self, service: Service) -> None:
        self.store, self.network, self.waits = Store(), Network(service), list[float]()
        http = httpx.AsyncClient(transport=self.network, base_url="http://doorward.test")
        self.client = DoorwardClient(http, self.store, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def log_in(self, service: Service) -> None:
        person = await service.register()
        await self.client.log_in(person.username, person.password)
        self.network.paths.clear()


@pytest.fixture
async def scene(service: Service) -> Scene:
    scene = Scene(service)
    await scene.log_in(service)
    return scene


def busy(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers)


async def test_a_wrong_password_raises_its_own_error(service: Service) -> None:
    person = await service.register()
    with pytest.raises(LoginRefusedError):
        await Scene(service).client.log_in(person.username, "wrong password")


async def test_a_login_sends_the_device_token_of_an_earlier_login(service: Service) -> None:
    person = await service.register()
    first = Scene(service)
    await first.client.log_in(person.username, person.password)
    await first.client.log_out()
    await first.client.log_in(person.username, person.password)
    shown, devices = first.network.shown_devices, service.sql("SELECT 1 FROM devices WHERE user_id = %s", person.id)
    assert [each is not None for each in shown] == [False, True]
    assert len(devices) == 1


async def test_a_throttled_login_is_reported_with_its_delay_and_not_retried(service: Service) -> None:
    person, scene = await service.register(), Scene(service)
    for _ in range(LOGIN_CURVE.free):
        await service.post_token(person.username, "wrong password")
    with pytest.raises(LoginThrottledError) as throttled:
        await scene.client.log_in(person.username, person.password)
    assert throttled.value.retry_after_seconds >= 1
    assert (scene.network.paths, scene.waits) == ([TOKEN], [])


async def test_an_account_with_a_second_factor_logs_in_with_a_code(service: Service) -> None:
    protected = await Protected.enrolled(await signed_in(service))
    scene, login = Scene(service), (protected.person.username, protected.person.password)
    with pytest.raises(SecondFactorRequiredError):
        await scene.client.log_in(*login)
    with pytest.raises(SecondFactorRefusedError):
        await scene.client.log_in(*login, "000000")
    assert scene.store.tokens is None
    await scene.client.log_in(*login, protected.code())
    assert (await scene.client.call("GET", ME)).status_code == 200


async def test_the_search_indexer_waits_for_an_unused_code(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    protected = await Protected.enrolled(await signed_in(service))
    monkeypatch.setenv("DOORWARD_USERNAME", protected.person.username)
    monkeypatch.setenv("DOORWARD_PASSWORD", protected.person.password)
    first, second, waits = Scene(service), Scene(service), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        service.clock.advance(timedelta(seconds=seconds))

    await log_in(first.client, protected.code, sleep)
    await log_in(second.client, protected.code, sleep)
    assert waits == [30]
    assert (await second.client.call("GET", ME)).status_code == 200


async def test_parallel_calls_share_one_refresh(scene: Scene) -> None:
    scene.store.spoil_access_token()
    answers = await asyncio.gather(*(scene.client.call("GET", ME) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert scene.network.paths.count(REFRESH) == 1


async def test_an_ended_session_is_refreshed_once_and_then_removed(service: Service, scene: Scene) -> None:
    assert scene.store.tokens
    await service.post_revoke(scene.store.tokens.refresh)
    with pytest.raises(SessionEndedError):
        await scene.client.call("GET", ME)
    assert scene.network.paths == [ME, REFRESH]
    assert scene.store.tokens is None
    with pytest.raises(SessionEndedError):
        await scene.client.call("GET", ME)
    assert scene.network.paths == [ME, REFRESH]


async def test_a_refused_fresh_token_is_not_retried(scene: Scene) -> None:
    scene.network.answers[ME] = [busy(401) for _ in range(5)]
    with pytest.raises(SessionEndedError):
        await scene.client.call("GET", ME)
    assert scene.network.paths == [ME, REFRESH, ME]


async def test_a_forbidden_call_is_not_retried(scene: Scene) -> None:
    scene.network.answers[ME] = [busy(403)]
    assert (await scene.client.call("GET", ME)).status_code == 403
    assert scene.network.paths == [ME]


@pytest.mark.parametrize(("status", "method"), [(503, "GET"), (429, "GET"), (429, "POST")])
async def test_the_client_waits_for_retry_after_and_calls_again(scene: Scene, status: int, method: str) -> None:
    scene.network.answers[ME] = [busy(status, **{"retry-after": "7"})]
    await scene.client.call(method, ME)
    assert scene.network.paths == [ME, ME]
    assert [7 <= wait <= 8 for wait in scene.waits] == [True]


async def test_a_call_that_may_have_been_executed_is_not_retried(scene: Scene) -> None:
    scene.network.answers[ME] = [busy(503, **{"retry-after": "7"})]
    assert (await scene.client.call("POST", ME)).status_code == 503
    scene.network.lost_answers.append(ME)
    with pytest.raises(httpx.ReadError):
        await scene.client.call("POST", ME)
    assert (scene.network.paths, scene.waits) == ([ME, ME], [])


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("", 5, 6), ("Wed, 21 Oct 2026 07:28:00 GMT", 5, 6), ("9999", 30, 31)]
)
async def test_retries_of_a_busy_service_are_limited(scene: Scene, asked: str, least: int, most: int) -> None:
    scene.network.answers[ME] = [busy(503, **{"retry-after": asked}) for _ in range(9)]
    assert (await scene.client.call("GET", ME)).status_code == 503
    assert len(scene.network.paths) == 4
    assert all(least <= wait <= most for wait in scene.waits)


async def test_a_lost_refresh_response_within_the_leeway_keeps_the_session(make_service: MakeService) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    scene = Scene(service)
    await scene.log_in(service)
    scene.store.spoil_access_token()
    scene.network.lost_answers.append(REFRESH)
    assert (await scene.client.call("GET", ME)).status_code == 200
    assert scene.network.paths == [ME, REFRESH, REFRESH, ME]


async def test_a_lost_refresh_response_without_a_leeway_ends_the_session(scene: Scene) -> None:
    scene.store.spoil_access_token()
    scene.network.lost_answers.append(REFRESH)
    with pytest.raises(SessionEndedError):
        await scene.client.call("GET", ME)
    assert scene.store.tokens is None


async def test_a_refresh_refused_due_to_load_is_retried(scene: Scene) -> None:
    scene.store.spoil_access_token()
    scene.network.answers[REFRESH] = [busy(503, **{"retry-after": "2"})]
    assert (await scene.client.call("GET", ME)).status_code == 200
    assert scene.network.paths == [ME, REFRESH, REFRESH, ME]


async def test_a_logout_ends_the_session_and_removes_the_tokens(service: Service, scene: Scene) -> None:
    tokens = scene.store.tokens
    assert tokens
    await scene.client.log_out()
    assert scene.store.tokens is None
    assert (await service.get_me(tokens.access)).status_code == 401
    await scene.client.log_out()
    assert scene.network.paths == [REVOKE]


async def test_a_logout_without_a_network_removes_the_tokens(scene: Scene) -> None:
    scene.network.lost_answers += [REVOKE] * 4
    with pytest.raises(httpx.ReadError):
        await scene.client.log_out()
    assert scene.store.tokens is None
