"""The circuit breaker around uses of the database: the errors that it counts, and its refusals, with a fake clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg_pool import PoolTimeout, TooManyRequests

from doorward.core.exceptions import DomainError, ServiceUnavailableError
from doorward.infrastructure.postgres.circuit_breaker import (
    FAULTS_IN_A_ROW,
    OPEN_SECONDS,
    DatabaseBreaker,
    UnansweredError,
)


class Time:
    """A monotonic clock that only the test advances."""

    def __init__(self) -> None:
        self.present = 1000.0

    def __call__(self) -> float:
        return self.present


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> DatabaseBreaker:
    return DatabaseBreaker(time)


def fail(breaker: DatabaseBreaker, error: BaseException | None = None, times: int = 1) -> None:
    for _ in range(times):
        with suppress(psycopg.Error, DomainError, asyncio.CancelledError), breaker.attempt():
            raise error or UnansweredError


def opened(time: Time) -> DatabaseBreaker:
    breaker = DatabaseBreaker(time)
    fail(breaker, times=FAULTS_IN_A_ROW)
    return breaker


def refusal_of(breaker: DatabaseBreaker) -> ServiceUnavailableError | None:
    """Make an attempt that would succeed; return its refusal, if any."""
    try:
        with breaker.attempt():
            return None
    except ServiceUnavailableError as refusal:
        return refusal


@contextmanager
def under_way(breaker: DatabaseBreaker) -> Iterator[None]:
    """Surround a block with an attempt that succeeds after it."""
    with breaker.attempt():
        yield


def test_the_breaker_opens_at_the_last_of_the_faults_in_a_row(breaker: DatabaseBreaker) -> None:
    fail(breaker, times=FAULTS_IN_A_ROW - 1)
    assert refusal_of(breaker) is None
    fail(breaker, times=FAULTS_IN_A_ROW)
    assert refusal_of(breaker) is not None


def test_a_response_between_faults_resets_their_count(breaker: DatabaseBreaker) -> None:
    for _ in range(3):
        fail(breaker, times=FAULTS_IN_A_ROW - 1)
        assert refusal_of(breaker) is None


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.UniqueViolation(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.ReadOnlySqlTransaction(),
        psycopg.errors.DiskFull(),
        psycopg.errors.UndefinedTable(),
        psycopg.errors.AdminShutdown(),
        psycopg.OperationalError("the connection is lost"),
        PoolTimeout(),
        TooManyRequests(),
        ServiceUnavailableError(),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_other_than_a_missing_response_never_opens_the_breaker(
    breaker: DatabaseBreaker, error: BaseException
) -> None:
    fail(breaker, error, times=10 * FAULTS_IN_A_ROW)
    assert refusal_of(breaker) is None


@pytest.mark.parametrize(
    "error", [psycopg.errors.AdminShutdown(), psycopg.OperationalError(), PoolTimeout(), asyncio.CancelledError()]
)
def test_an_inconclusive_error_does_not_reset_the_count(breaker: DatabaseBreaker, error: BaseException) -> None:
    fail(breaker, times=FAULTS_IN_A_ROW - 1)
    fail(breaker, error)
    fail(breaker)
    assert refusal_of(breaker) is not None


def test_a_refusal_has_the_delay_until_the_next_probe(time: Time) -> None:
    breaker = opened(time)
    delays = []
    for _ in range(OPEN_SECONDS):
        refusal = refusal_of(breaker)
        assert refusal is not None
        delays.append(refusal.retry_after_seconds)
        time.present += 1
    assert delays == list(range(OPEN_SECONDS, 0, -1))
    assert refusal_of(breaker) is None


def test_one_probe_is_admitted_at_a_time_and_its_response_closes_the_breaker(time: Time) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    with under_way(breaker):
        refusal = refusal_of(breaker)
        assert refusal is not None
        assert refusal.retry_after_seconds == OPEN_SECONDS
    with under_way(breaker), under_way(breaker):
        assert refusal_of(breaker) is None


def test_a_probe_without_a_response_opens_the_breaker_again_at_once(time: Time) -> None:
    breaker = opened(time)
    for _ in range(3):
        time.present += OPEN_SECONDS
        fail(breaker)
        refusal = refusal_of(breaker)
        assert refusal is not None
        assert refusal.retry_after_seconds == OPEN_SECONDS


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable(), psycopg.errors.UniqueViolation()])
def test_a_probe_with_an_error_as_response_closes_the_breaker(time: Time, error: BaseException) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    fail(breaker, error)
    with under_way(breaker):
        assert refusal_of(breaker) is None


@pytest.mark.parametrize("error", [asyncio.CancelledError(), PoolTimeout()])
def test_after_an_inconclusive_probe_another_one_is_admitted(time: Time, error: BaseException) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    fail(breaker, error)
    with under_way(breaker):
        assert refusal_of(breaker) is not None
    assert refusal_of(breaker) is None


def test_a_long_use_is_not_admitted_as_a_probe(time: Time) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    with pytest.raises(ServiceUnavailableError), breaker.attempt(may_probe=False):
        pytest.fail("it was let through")
    assert refusal_of(breaker) is None
    with breaker.attempt(may_probe=False):
        assert refusal_of(breaker) is None


def test_late_faults_of_earlier_attempts_do_not_keep_the_breaker_open_longer(time: Time) -> None:
    breaker = DatabaseBreaker(time)
    with suppress(UnansweredError), breaker.attempt():
        fail(breaker, times=FAULTS_IN_A_ROW)
        time.present += OPEN_SECONDS - 1
        raise UnansweredError
    time.present += 1
    assert refusal_of(breaker) is None


def test_a_late_response_to_an_earlier_attempt_closes_the_breaker(time: Time) -> None:
    breaker = DatabaseBreaker(time)
    with under_way(breaker):
        fail(breaker, times=FAULTS_IN_A_ROW)
        assert refusal_of(breaker) is not None
    assert time.present == 1000
    assert refusal_of(breaker) is None
