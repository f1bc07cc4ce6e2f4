"""After SIGTERM, readiness is 503 first, and requests are served until the sockets close."""

import time

from development.client import LIVENESS, READINESS, ApiClient
from tests.e2e.people import client_of
from tests.e2e.stack import EXIT_SECONDS, Stack

DRAIN_SECONDS = "300"
"""Longer than any test, so that the test ends the drain."""


async def wait_until_draining(client: ApiClient, answers: int) -> None:
    """Wait for this many refusals in a row, so that each worker has refused."""
    deadline, refused = time.monotonic() + EXIT_SECONDS, 0
    while refused < answers:
        assert time.monotonic() < deadline
        refused = 0 if (await client.call("GET", READINESS)).is_success else refused + 1


async def test_after_sigterm_readiness_is_503_and_requests_are_served_until_sigint_ends_the_drain(
    stack: Stack, client: ApiClient
) -> None:
    person = await client.register()
    access_token = (await client.log_in(person)).access
    with stack.service(SHUTDOWN_DRAIN_SECONDS=DRAIN_SECONDS, WEB_CONCURRENCY="2") as service:
        async with client_of(service, keeps_alive=True) as draining:
            assert (await draining.get_me(access_token)).headers.get("Connection") is None
            service.terminate()
            await wait_until_draining(draining, answers=20)
            service.terminate()
            answers = [await draining.get_me(access_token) for _ in range(20)]
            assert [answer.status_code for answer in answers] == [200] * 20
            assert {answer.headers["Connection"] for answer in answers} == {"close"}
            assert (await draining.post_login(person)).status_code == 200
            assert (await draining.call("GET", LIVENESS)).status_code == 200
            assert (await draining.call("GET", READINESS)).status_code == 503
            assert service.is_running()
            service.interrupt()
            service.wait()
            assert not service.is_running()
            assert "Traceback" not in service.logs()


async def test_a_drain_closes_a_kept_alive_connection_only_with_its_next_response(
    stack: Stack, client: ApiClient
) -> None:
    access_token = (await client.log_in()).access
    with stack.service(SHUTDOWN_DRAIN_SECONDS=DRAIN_SECONDS) as service:
        async with client_of(service, keeps_alive=True) as kept:
            assert (await kept.get_me(access_token)).is_success
            service.terminate()
            await wait_until_draining(client_of(service), answers=1)
            last = await kept.get_me(access_token)
            assert (last.status_code, last.headers["Connection"]) == (200, "close")
            service.interrupt()
            service.wait()
            assert "Traceback" not in service.logs()
