"""SIGTERM: what is under way finishes, then the process ends."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.e2e.people import LIVENESS, Client
from tests.e2e.stack import Stack

LOGINS = 4
ENDED_BY_SIGTERM = {0, 143}
"""143 where the signal's default action ends the process; 0 in a container, whose first process has none."""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_under_way_finish_before_the_process_ends(stack: Stack, client: Client, workers: str) -> None:
    person = client.new_person()
    with stack.service(BCRYPT_ROUNDS="14", WEB_CONCURRENCY=workers) as service, ThreadPoolExecutor(LOGINS) as threads:
        stopping = Client(service)
        logins = [threads.submit(stopping.token, person) for _ in range(LOGINS)]
        time.sleep(0.5)
        # Connections are accepted in turn, so those of the logins were when a later one is answered.
        assert stopping.call("GET", LIVENESS).ok
        under_way = sum(not login.done() for login in logins)
        service.terminate()
        assert [login.result().status_code for login in logins] == [200] * LOGINS
        assert under_way > 0
        assert service.wait() in ENDED_BY_SIGTERM
        with pytest.raises(requests.ConnectionError):
            stopping.call("GET", LIVENESS)
        assert "Traceback" not in service.logs()


def test_an_idle_connection_does_not_hold_up_the_end(stack: Stack) -> None:
    with stack.service() as service, requests.Session() as session:
        session.trust_env = False
        assert session.get(service.base_url + LIVENESS, timeout=5).ok
        started = time.monotonic()
        assert service.stop() in ENDED_BY_SIGTERM
        assert time.monotonic() - started < 10
