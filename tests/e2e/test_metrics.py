"""The metrics for Prometheus, of one worker and of several."""

import secrets
import time
from collections.abc import Callable

from development.client import LIVENESS, ME, READINESS, REFRESH, TOKEN, ApiClient
from tests.e2e.metrics import Series, series_of, value
from tests.e2e.people import all_at_once, client_of, new_person
from tests.e2e.stack import QUICK_HASHES, Service, Stack

COUNTED_SECONDS = 60
WORKERS = 2
STRANGE_WORDS = 8


def wait_for(service: Service, is_so: Callable[[Series], bool]) -> Series:
    """Read the metrics until all is counted: a request is counted after its response, the load every second."""
    deadline = time.monotonic() + COUNTED_SECONDS
    while not is_so(series := series_of(service)):
        assert time.monotonic() < deadline, series
        time.sleep(0.05)
    return series


def requests_to(series: Series, method: str, route: str, status: str) -> float:
    return value(series, "http_request_duration_seconds_count", method=method, route=route, status=status)


async def test_everything_is_counted_once_with_several_workers(stack: Stack) -> None:
    with stack.service(
        **QUICK_HASHES, WEB_CONCURRENCY=str(WORKERS), RATE_LIMIT_ENABLED="true", RATE_LIMIT_TOKEN="5/hour"
    ) as service:
        client = client_of(service)
        wait_for(service, lambda series: value(series, "workers") == WORKERS)
        tokens = await client.log_in()
        assert (await client.post_login(new_person())).status_code == 401
        renewed = await client.post_refresh(tokens.refresh)
        assert (await client.post_refresh(tokens.refresh)).status_code == 401
        assert (await client.post_revoke(renewed.json()["refresh_token"])).status_code == 204
        answers = await all_at_once(client.get_me(tokens.access) for _ in range(40))
        assert {answer.status_code for answer in answers} == {401}
        series = wait_for(service, lambda series: requests_to(series, "GET", ME, "4xx") == 40)
        while (await client.post_login(new_person())).status_code != 429:
            pass
        series = wait_for(service, lambda series: value(series, "rate_limit_refusals_total", route=TOKEN) == 1)
    assert value(series, "registrations_total", outcome="registered") == 1
    assert value(series, "logins_total", outcome="succeeded") == 1
    assert value(series, "logins_total", outcome="failed") >= 1
    assert value(series, "refreshes_total", outcome="rotated") == 1
    assert value(series, "refreshes_total", outcome="reused") == value(series, "refresh_reuse_detections_total") == 1
    assert value(series, "revocations_total", outcome="revoked") == 1
    assert value(series, "revocations_total", outcome="ignored") == 1
    assert requests_to(series, "POST", REFRESH, "2xx") == requests_to(series, "POST", REFRESH, "4xx") == 1
    assert requests_to(series, "GET", READINESS, "2xx") >= 1
    assert value(series, "password_hash_wait_seconds_count") >= 3
    assert value(series, "database_pool_connections_limit") == 10 * WORKERS


async def call_strangely(client: ApiClient, word: str) -> None:
    await client.call(word.upper(), f"/{word}")
    await client.call("BREW", ME)
    await client.call(
        "GET", f"/{word}", headers={"User-Agent": word, "X-Forwarded-For": word, "X-Correlation-ID": word}
    )
    await client.call("GET", f"{ME}/{word}", params={word: word})
    await client.call("GET", f"//{word}/..%2f{word}?{word}")
    await client.post_login(new_person(word, word))


async def test_no_client_can_create_a_series(stack: Stack) -> None:
    with stack.service(**QUICK_HASHES) as service:
        client = client_of(service)
        # The image's health check makes these calls too: their series must exist before the comparison.
        for path in (LIVENESS, READINESS):
            await client.call("GET", path)
        await call_strangely(client, secrets.token_hex(8))
        before = wait_for(
            service,
            lambda series: (
                requests_to(series, "POST", TOKEN, "4xx") == 1
                and value(series, "http_refusals_total", reason="malformed_request") > 0
            ),
        )
        words = [secrets.token_hex(8) for _ in range(STRANGE_WORDS)]
        for word in words:
            await call_strangely(client, word)
        after = wait_for(service, lambda series: value(series, "logins_total", outcome="failed") == 1 + STRANGE_WORDS)
        assert set(after) == set(before)
        assert not [word for word in words if word in service.metrics()]


async def test_the_port_of_the_service_does_not_expose_metrics(client: ApiClient) -> None:
    assert (await client.call("GET", "/metrics")).status_code == 404
