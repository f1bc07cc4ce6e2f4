"""Copies behind the load balancer of `inv up --replicas`: client addresses, and a rolling restart under load."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.e2e.image_companions import Container
from tests.e2e.image_stack import ImageStack
from tests.e2e.people import ME, READINESS, REFRESH, REGISTER, Client, Person
from tests.e2e.stack import QUICK_HASHES, READY_SECONDS, Service, Stack
from tests.e2e.test_raw_requests import login_with_trailer, me_with_trailer, raw_answer

PRIVATE_NETWORKS = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
LOAD_THREADS = 6
DRAIN_SECONDS = "5"
"""The load balancer asks for readiness every second."""

SERVED = "/api/v1/auth/"


class Front:
    """The load balancer as clients see it."""

    def __init__(self, container: Container) -> None:
        host, port = container.container.get_container_host_ip(), container.container.get_exposed_port(8080)
        self.base_url = f"http://{host}:{port}"


@pytest.fixture
def image_stack(stack: Stack) -> ImageStack:
    assert isinstance(stack, ImageStack)
    return stack


def wait_until(condition: Any, message: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


def lines_served(copy: Service) -> int:
    return copy.logs().count(SERVED)


class Load:
    """Clients that keep their connections, each with a session of its own; what they were refused is kept."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._stop = threading.Event()
        self.failures: list[str] = []
        self.answered = 0

    def run(self) -> None:
        client = Client(self._front)
        tokens = client.log_in()
        access, refresh = tokens.access, tokens.refresh
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set():
                me = self._call(session, "GET", ME, headers={"Authorization": f"Bearer {access}"})
                pair = self._call(session, "POST", REFRESH, json={"refresh_token": refresh})
                person = Person()
                account = {"email": person.email, "username": person.username, "password": person.password}
                self._call(session, "POST", REGISTER, json=account)
                if me is None or pair is None:
                    return
                access, refresh = pair.json()["access_token"], pair.json()["refresh_token"]

    def stop(self) -> None:
        self._stop.set()

    def _call(self, session: requests.Session, method: str, path: str, **options: Any) -> requests.Response | None:
        try:
            answer = session.request(method, self._front.base_url + path, timeout=60, **options)
        except requests.RequestException as error:
            self.failures.append(f"{path}: {error!r}")
            return None
        if not answer.ok:
            self.failures.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            return None
        self.answered += 1
        return answer


def restart_one_after_the_other(copies: list[Service]) -> None:
    for copy in copies:
        served = lines_served(copy)
        copy.restart()
        # Only when the load balancer has found it again may the next one go.
        wait_until(lambda copy=copy, served=served: lines_served(copy) > served, "the copy gets no calls")


def test_a_rolling_restart_under_load_loses_no_request(image_stack: ImageStack, findings: list[str]) -> None:
    settings = {**QUICK_HASHES, "SHUTDOWN_DRAIN_SECONDS": DRAIN_SECONDS}
    with (
        image_stack.copy(**settings) as one,
        image_stack.copy(**settings) as other,
        image_stack.load_balancer() as balancer,
        ThreadPoolExecutor(LOAD_THREADS) as threads,
    ):
        front = Front(balancer)
        wait_until(lambda: Client(front).call("GET", READINESS).ok, "the load balancer finds no copy")
        load = Load(front)
        running = [threads.submit(load.run) for _ in range(LOAD_THREADS)]
        try:
            wait_until(lambda: lines_served(one) and lines_served(other), "a copy gets no calls")
            restart_one_after_the_other([one, other])
        finally:
            load.stop()
        for each in running:
            each.result()
    findings.append(f"rolling restart of two copies: {load.answered} calls answered, {len(load.failures)} lost")
    assert load.failures == []
    assert load.answered > LOAD_THREADS


@pytest.fixture(scope="module")
def limited(stack: Stack) -> Iterator[tuple[Front, list[Service]]]:
    """The load balancer in front of two copies that share their limits, and the copies."""
    assert isinstance(stack, ImageStack)
    with stack.redis() as redis, contextlib.ExitStack() as resources:
        settings = {
            **QUICK_HASHES,
            "RATE_LIMIT_ENABLED": "true",
            "RATE_LIMIT_REGISTER": "100/day",
            "RATE_LIMIT_TOKEN": "3/day",
            "RATE_LIMIT_REFRESH": "3/day",
            "RATE_LIMIT_STORAGE_URI": f"redis://{redis.address()}/0",
            "TRUSTED_PROXIES": PRIVATE_NETWORKS,
        }
        copies = [resources.enter_context(stack.copy(**settings)) for _ in range(2)]
        front = Front(resources.enter_context(stack.load_balancer()))
        wait_until(lambda: Client(front).call("GET", READINESS).ok, "the load balancer finds no copy")
        yield front, copies


def test_behind_the_load_balancer_a_spoofed_address_does_not_dodge_the_limit(
    limited: tuple[Front, list[Service]],
) -> None:
    spoofing = [Client(limited[0], {"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(4)]
    assert [client.refresh("dwr_unknown").status_code for client in spoofing] == [401, 401, 401, 429]


def test_through_the_load_balancer_a_trailer_neither_chooses_an_address_nor_authenticates(
    limited: tuple[Front, list[Service]],
) -> None:
    front, copies = limited
    access_token = Client(front).log_in().access
    assert raw_answer(front, me_with_trailer(access_token))[0] == 401
    spoofing = [raw_answer(front, login_with_trailer(f"198.51.100.{number}"))[0] for number in range(4)]
    # The genuine login above was the first of three.
    assert spoofing == [401, 401, 429, 429]
    assert not any("198.51.100." in copy.logs() for copy in copies)
