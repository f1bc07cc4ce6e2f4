"""Fifty logins in flight do not delay requests that need no password hash."""

import asyncio
import statistics
import time

import httpx

from development.client import LIVENESS, ApiClient, Person
from tests.e2e.people import TIMEOUT_SECONDS, client_of
from tests.e2e.stack import Stack
from tests.running_time import RunningTime

LOGINS_IN_FLIGHT = 50
PEOPLE = 3
"""One account may have at most twenty logins in flight."""

STORM_SECONDS = 2.0
STORM_SAMPLES = 20
QUIET_SAMPLES = 50
ANSWER_SECONDS = 3
"""Much longer than a prompt response takes, and much shorter than the logins take."""


class Storm:
    """Tasks that log in, one login after the other."""

    def __init__(self, client: ApiClient, people: list[Person]) -> None:
        self.answers: list[httpx.Response] = []
        self.is_over = False
        self._client = client
        self._people = people

    async def log_in_until_stopped(self, number: int) -> None:
        while not self.is_over:
            try:
                answer = await self._client.post_login(self._people[number % len(self._people)])
            except httpx.TransportError:
                # The service ends without waiting for these logins.
                if self.is_over:
                    return
                raise
            self.answers.append(answer)
            if answer.status_code == 503:
                await asyncio.sleep(0.25)

    def has_a_successful_login(self) -> bool:
        return any(answer.is_success for answer in self.answers)


async def milliseconds_of_me(client: ApiClient, access_token: str, clock: RunningTime) -> float:
    started, measured_from = clock.now(), time.perf_counter()
    answer = await client.get_me(access_token)
    milliseconds = (time.perf_counter() - measured_from) * 1000
    assert clock.now() - started < ANSWER_SECONDS
    assert answer.status_code == 200, answer.text
    return milliseconds


def p50_and_p99(samples: list[float]) -> str:
    cuts = statistics.quantiles(samples, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms of {len(samples)}"


async def sample_during_storm(storm: Storm, client: ApiClient, access_token: str, clock: RunningTime) -> list[float]:
    samples: list[float] = []
    began = time.monotonic()
    while (
        time.monotonic() < began + STORM_SECONDS or len(samples) < STORM_SAMPLES or not storm.has_a_successful_login()
    ):
        assert time.monotonic() < began + TIMEOUT_SECONDS
        samples.append(await milliseconds_of_me(client, access_token, clock))
        started = clock.now()
        assert (await client.call("GET", LIVENESS)).status_code == 200
        assert clock.now() - started < ANSWER_SECONDS
    return samples


async def test_with_fifty_logins_in_flight_me_and_liveness_respond_promptly(
    stack: Stack, running_time: RunningTime, findings: list[str]
) -> None:
    with stack.service(BCRYPT_ROUNDS="12", OTEL_EXPORTER_OTLP_ENDPOINT="") as service:
        client = client_of(service)
        people = [await client.register() for _ in range(PEOPLE)]
        access_token = (await client.log_in(people[0])).access
        quiet = [await milliseconds_of_me(client, access_token, running_time) for _ in range(QUIET_SAMPLES)]
        storm = Storm(client, people)
        logging_in = [asyncio.create_task(storm.log_in_until_stopped(number)) for number in range(LOGINS_IN_FLIGHT)]
        try:
            stormy = await sample_during_storm(storm, client, access_token, running_time)
        finally:
            storm.is_over = True
    await asyncio.gather(*logging_in)

    findings.append(f"/me without logins in flight: {p50_and_p99(quiet)}")
    findings.append(f"/me with {LOGINS_IN_FLIGHT} logins in flight: {p50_and_p99(stormy)}")
    assert {answer.status_code for answer in storm.answers} <= {200, 503}
    assert all("Retry-After" in answer.headers for answer in storm.answers if answer.status_code == 503)
