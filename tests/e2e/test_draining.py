"""SIGTERM and a load balancer: readiness says 503 first, and requests are answered until the sockets close."""

import time

import requests

from tests.e2e.people import LIVENESS, ME, READINESS, Client
from tests.e2e.stack import EXIT_SECONDS, Stack

DRAIN_SECONDS = "300"
"""Longer than any test: what ends such a drain is the test."""

ENDED_BY_SIGTERM = {0, 143}


def wait_until_draining(client: Client, answers: int) -> None:
    """Wait for this many refusals in a row: each worker has its turn."""
    deadline, refused = time.monotonic() + EXIT_SECONDS, 0
    while refused < answers:
        assert time.monotonic() < deadline
        refused = 0 if client.call("GET", READINESS).ok else refused + 1


def test_after_sigterm_readiness_is_503_and_every_request_answered_until_sigint_ends_the_drain(
    stack: Stack, client: Client
) -> None:
    person = client.new_person()
    access_token = client.log_in(person).access
    with stack.service(SHUTDOWN_DRAIN_SECONDS=DRAIN_SECONDS, WEB_CONCURRENCY="2") as service:
        draining = Client(service, {"Connection": "keep-alive"})
        assert draining.me(access_token).headers.get("Connection") is None
        service.terminate()
        wait_until_draining(draining, answers=20)
        service.terminate()
        answers = [draining.me(access_token) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert {answer.headers["Connection"] for answer in answers} == {"close"}
        assert draining.token(person).status_code == 200
        assert draining.call("GET", LIVENESS).status_code == 200
        assert draining.call("GET", READINESS).status_code == 503
        assert service.is_running()
        service.interrupt()
        service.wait()
        assert not service.is_running()
        assert "Traceback" not in service.logs()


def test_a_kept_alive_connection_is_ended_by_its_next_answer_and_not_between_two_requests(
    stack: Stack, client: Client
) -> None:
    access_token = client.log_in().access
    headers = {"Authorization": f"Bearer {access_token}"}
    with stack.service(SHUTDOWN_DRAIN_SECONDS=DRAIN_SECONDS) as service, requests.Session() as session:
        session.trust_env = False
        assert session.get(service.base_url + ME, headers=headers, timeout=EXIT_SECONDS).ok
        service.terminate()
        wait_until_draining(Client(service), answers=1)
        last = session.get(service.base_url + ME, headers=headers, timeout=EXIT_SECONDS)
        assert (last.status_code, last.headers["Connection"]) == (200, "close")
        service.interrupt()
        service.wait()
        assert "Traceback" not in service.logs()


def test_the_drain_ends_by_itself(stack: Stack) -> None:
    with stack.service(SHUTDOWN_DRAIN_SECONDS="1") as service:
        assert service.stop() in ENDED_BY_SIGTERM
        assert "service.draining" in service.logs()
