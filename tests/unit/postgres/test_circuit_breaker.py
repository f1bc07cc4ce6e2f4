"""The circuit breaker around uses of the database: what counts, and what a refusal says. The time is a fake."""

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
    """A monotonic clock that goes when it is told to."""

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
    """Make an attempt that would succeed; return how it was refused, if it was."""
    try:
        with breaker.attempt():
            return None
    except ServiceUnavailableError as refusal:
        return refusal


@contextmanager
def under_way(breaker: DatabaseBreaker) -> Iterator[None]:
    """Surround a block with an attempt whose answer comes after it."""
    with breaker.attempt():
        yield


def test_it_opens_at_the_last_of_the_faults_in_a_row(breaker: DatabaseBreaker) -> None:
    fail(breaker, times=FAULTS_IN_A_ROW - 1)
    assert refusal_of(breaker) is None
    fail(breaker, times=FAULTS_IN_A_ROW)
    assert refusal_of(breaker) is not None


def test_an_answer_between_faults_begins_the_count_anew(breaker: DatabaseBreaker) -> None:
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
def test_what_is_no_silence_of_the_database_never_opens_it(breaker: DatabaseBreaker, error: BaseException) -> None:
    fail(breaker, error, times=10 * FAULTS_IN_A_ROW)
    assert refusal_of(breaker) is None


@pytest.mark.parametrize(
    "error", [psycopg.errors.AdminShutdown(), psycopg.OperationalError(), PoolTimeout(), asyncio.CancelledError()]
)
def test_what_says_nothing_of_the_database_forgives_no_fault(breaker: DatabaseBreaker, error: BaseException) -> None:
    fail(breaker, times=FAULTS_IN_A_ROW - 1)
    fail(breaker, error)
    fail(breaker)
    assert refusal_of(breaker) is not None


def test_the_refused_are_told_when_the_next_probe_is(time: Time) -> None:
    breaker = opened(time)
    told = []
    for _ in range(OPEN_SECONDS):
        refusal = refusal_of(breaker)
        assert refusal is not None
        told.append(refusal.retry_after_seconds)
        time.present += 1
    assert told == list(range(OPEN_SECONDS, 0, -1))
    assert refusal_of(breaker) is None


def test_one_probe_goes_through_at_a_time_and_its_answer_closes_it_for_all(time: Time) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    with under_way(breaker):
        refusal = refusal_of(breaker)
        assert refusal is not None
        assert refusal.retry_after_seconds == OPEN_SECONDS
    with under_way(breaker), under_way(breaker):
        assert refusal_of(breaker) is None


def test_a_probe_without_answer_opens_it_again_at_once(time: Time) -> None:
    breaker = opened(time)
    for _ in range(3):
        time.present += OPEN_SECONDS
        fail(breaker)
        refusal = refusal_of(breaker)
        assert refusal is not None
        assert refusal.retry_after_seconds == OPEN_SECONDS


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable(), psycopg.errors.UniqueViolation()])
def test_a_probe_that_is_answered_with_an_error_closes_it(time: Time, error: BaseException) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    fail(breaker, error)
    with under_way(breaker):
        assert refusal_of(breaker) is None


@pytest.mark.parametrize("error", [asyncio.CancelledError(), PoolTimeout()])
def test_a_probe_that_learned_nothing_leaves_its_turn_to_the_next(time: Time, error: BaseException) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    fail(breaker, error)
    with under_way(breaker):
        assert refusal_of(breaker) is not None
    assert refusal_of(breaker) is None


def test_what_takes_long_is_no_probe_and_is_told_when_to_come_again(time: Time) -> None:
    breaker = opened(time)
    time.present += OPEN_SECONDS
    with pytest.raises(ServiceUnavailableError), breaker.attempt(may_probe=False):
        pytest.fail("it was let through")
    assert refusal_of(breaker) is None
    with breaker.attempt(may_probe=False):
        assert refusal_of(breaker) is None


def test_late_faults_of_before_do_not_keep_it_open_longer(time: Time) -> None:
    breaker = DatabaseBreaker(time)
    with suppress(UnansweredError), breaker.attempt():
        fail(breaker, times=FAULTS_IN_A_ROW)
        time.present += OPEN_SECONDS - 1
        raise UnansweredError
    time.present += 1
    assert refusal_of(breaker) is None


def test_a_late_answer_of_before_closes_it(time: Time) -> None:
    breaker = DatabaseBreaker(time)
    with under_way(breaker):
        fail(breaker, times=FAULTS_IN_A_ROW)
        assert refusal_of(breaker) is not None
    assert time.present == 1000
    assert refusal_of(breaker) is None
