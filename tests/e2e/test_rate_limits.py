"""Limits for one client address, which no header moves."""

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.e2e.people import REFRESH, REGISTER, TOKEN, Client, Person
from tests.e2e.stack import QUICK_HASHES, Service, Stack

PRIVATE_NETWORKS = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"

CALLS: dict[str, tuple[int, int, Callable[[Client], requests.Response]]] = {
    REGISTER: (5, 201, lambda client: client.register(Person())),
    TOKEN: (10, 401, lambda client: client.token(Person())),
    REFRESH: (20, 401, lambda client: client.refresh("dwr_unknown")),
}
"""By path: how many calls a minute, what they answer, and such a call."""


def spoofing(service: Service, number: int) -> Client:
    """Return a client that says that it is somebody else each time."""
    address = f"203.0.113.{number}"
    return Client(
        service, {"X-Forwarded-For": f"{address}, {address}", "X-Real-IP": address, "Forwarded": f"for={address}"}
    )


@pytest.fixture(scope="module")
def limited(stack: Stack) -> Iterator[Service]:
    # The window of a minute must not end while the calls of a test wait for their hashes.
    with stack.service(**QUICK_HASHES, RATE_LIMIT_ENABLED="true") as service:
        yield service


@pytest.mark.parametrize("path", CALLS)
def test_a_spoofed_address_does_not_dodge_the_limit(limited: Service, path: str) -> None:
    limit, status, call = CALLS[path]
    answers = [call(spoofing(limited, number)) for number in range(limit + 2)]
    assert [answer.status_code for answer in answers] == [status] * limit + [429, 429]
    refused = answers[-1]
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limit_exceeded"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own(stack: Stack) -> None:
    with stack.service(
        **QUICK_HASHES, RATE_LIMIT_ENABLED="true", TRUSTED_PROXIES=PRIVATE_NETWORKS, RATE_LIMIT_TOKEN="2/hour"
    ) as service:
        one, other = (Client(service, {"X-Forwarded-For": f"198.51.100.66, 203.0.113.{last}"}) for last in (1, 2))
        liar = Client(service, {"X-Forwarded-For": "198.51.100.67, 203.0.113.1"})
        assert [one.token(Person()).status_code for _ in range(3)] == [401, 401, 429]
        assert other.token(Person()).status_code == 401
        assert liar.token(Person()).status_code == 429


def test_a_limit_is_set_by_its_setting(stack: Stack) -> None:
    limits = {"RATE_LIMIT_REGISTER": "1/hour", "RATE_LIMIT_REFRESH": "3/day"}
    with stack.service(**QUICK_HASHES, **limits, RATE_LIMIT_ENABLED="true") as service:
        client = Client(service)
        assert [client.register(Person()).status_code for _ in range(2)] == [201, 429]
        assert [client.refresh("dwr_unknown").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_calls_without_a_limit_and_switched_off_limits_are_never_429(client: Client) -> None:
    access = client.log_in().access
    assert {client.me(access).status_code for _ in range(40)} == {200}
    assert {client.refresh("dwr_unknown").status_code for _ in range(40)} == {401}
