"""After SIGTERM and SIGINT, requests in flight finish, then the process ends."""

import time
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from development.client import LIVENESS, TOKEN, ApiClient, Person
from tests.e2e.people import client_of
from tests.e2e.stack import EXIT_SECONDS, QUICK_HASHES, Service, Stack
from tests.running_time import RunningTime

LOGINS = 4
WORKERS = 2
ENDED_BY_SIGTERM = {0, 143}
"""143 if the signal's default action ends the process; 0 in a container, whose first process has no default action."""

IDLE_SECONDS = 10
"""Half of the timeout of requests in flight, and much longer than a shutdown takes."""


class HeldLogin:
    """A login that stays in flight until the test sends its body, for which the service waits."""

    def __init__(self, service: Service, person: Person) -> None:
        where = urlsplit(service.base_url)
        self._body = urlencode({"username": person.username, "password": person.password}).encode()
        self._connection = HTTPConnection(where.hostname or "", where.port, timeout=EXIT_SECONDS)
        self._connection.putrequest("POST", TOKEN)
        self._connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        self._connection.putheader("Content-Length", str(len(self._body)))
        self._connection.putheader("Expect", "100-continue")
        self._connection.endheaders()
        assert self._connection.sock.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def finish(self) -> int:
        """Send the body; return the status of the response."""
        self._connection.send(self._body)
        status = self._connection.getresponse().status
        self._connection.close()
        return status


def wait_for_lines(service: Service, text: str, count: int) -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    while service.logs().count(text) < count:
        assert time.monotonic() < deadline, service.logs()
        time.sleep(0.05)


async def test_requests_in_flight_finish_before_the_process_ends(stack: Stack, client: ApiClient) -> None:
    person = await client.register()
    with stack.service(**QUICK_HASHES, WEB_CONCURRENCY=str(WORKERS)) as service:
        wait_for_lines(service, "Application startup complete", WORKERS)
        logins = [HeldLogin(service, person) for _ in range(LOGINS)]
        service.terminate()
        wait_for_lines(service, "Shutting down", WORKERS)
        assert service.is_running()
        assert [login.finish() for login in logins] == [200] * LOGINS
        assert service.wait() in ENDED_BY_SIGTERM
        with pytest.raises(httpx.ConnectError):
            await client_of(service).call("GET", LIVENESS)
        assert "Traceback" not in service.logs()


async def test_sigint_ends_workers_after_requests_in_flight_without_a_drain(stack: Stack, client: ApiClient) -> None:
    person = await client.register()
    with stack.service(**QUICK_HASHES, WEB_CONCURRENCY=str(WORKERS), SHUTDOWN_DRAIN_SECONDS="300") as service:
        wait_for_lines(service, "Application startup complete", WORKERS)
        logins = [HeldLogin(service, person) for _ in range(LOGINS)]
        service.interrupt()
        wait_for_lines(service, "Shutting down", WORKERS)
        assert [login.finish() for login in logins] == [200] * LOGINS
        service.wait()
        assert "Traceback" not in service.logs()


async def test_a_drain_ends_by_itself_and_an_idle_connection_does_not_delay_the_end(
    stack: Stack, running_time: RunningTime
) -> None:
    with stack.service(SHUTDOWN_DRAIN_SECONDS="1") as service:
        async with client_of(service, keeps_alive=True) as idle:
            assert (await idle.call("GET", LIVENESS)).is_success
            started = running_time.now()
            assert service.stop() in ENDED_BY_SIGTERM
            assert running_time.now() - started < IDLE_SECONDS
            assert "service.draining" in service.logs()
