"""Fifty logins in flight hold up nobody who needs no password hash."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.e2e.people import LIVENESS, Client, Person
from tests.e2e.stack import Stack

LOGINS_IN_FLIGHT = 50
STORM_SECONDS = 4.0
QUIET_SAMPLES = 200
ANSWER_SECONDS = 3
"""Far above what a prompt answer takes; far below what waiting for the logins would."""


def log_in_until(stop: threading.Event, client: Client, person: Person) -> list[requests.Response]:
    answers = []
    while not stop.is_set():
        answer = client.token(person)
        answers.append(answer)
        if answer.status_code == 503:
            stop.wait(0.25)
    return answers


def milliseconds_of_me(client: Client, access_token: str) -> float:
    started = time.perf_counter()
    answer = client.me(access_token, timeout=ANSWER_SECONDS)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - started) * 1000


def p50_and_p99(samples: list[float]) -> str:
    cuts = statistics.quantiles(samples, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms of {len(samples)}"


def sample_during_storm(
    client: Client, person: Person, access_token: str
) -> tuple[list[float], list[requests.Response]]:
    stop = threading.Event()
    samples = []
    with ThreadPoolExecutor(LOGINS_IN_FLIGHT) as threads:
        storm = [threads.submit(log_in_until, stop, client, person) for _ in range(LOGINS_IN_FLIGHT)]
        try:
            time.sleep(1)
            until = time.monotonic() + STORM_SECONDS
            while time.monotonic() < until:
                samples.append(milliseconds_of_me(client, access_token))
                assert client.call("GET", LIVENESS, timeout=ANSWER_SECONDS).status_code == 200
        finally:
            stop.set()
    return samples, [answer for each in storm for answer in each.result()]


def test_with_fifty_logins_in_flight_me_and_liveness_still_answer(stack: Stack, findings: list[str]) -> None:
    with stack.service(BCRYPT_ROUNDS="12") as service:
        client = Client(service)
        person = client.new_person()
        access_token = client.log_in(person).access
        quiet = [milliseconds_of_me(client, access_token) for _ in range(QUIET_SAMPLES)]
        stormy, logins = sample_during_storm(client, person, access_token)

    findings.append(f"/me without logins in flight: {p50_and_p99(quiet)}")
    findings.append(f"/me with {LOGINS_IN_FLIGHT} logins in flight: {p50_and_p99(stormy)}")
    assert {answer.status_code for answer in logins} <= {200, 503}
    assert any(answer.ok for answer in logins)
    assert all("Retry-After" in answer.headers for answer in logins if answer.status_code == 503)
