"""When a failed message is retried, and when an endpoint is paused or disabled. No side effects."""

from datetime import datetime, timedelta
from typing import Final

from doorward.domain.webhooks.models import Answered, FailureReason, NoAnswer

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Delays after the first, the second ... failed attempt. After one more, the message is a dead letter."""

FAILED_DAYS: Final = timedelta(days=5)
LONGEST_WAIT: Final = timedelta(hours=24)

FAULTS_IN_A_ROW: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
PROBE: Final = timedelta(seconds=30)
"""Pause of an endpoint while one message probes whether it is back. It exceeds the timeout of a call."""

_GONE: Final = 410


def is_accepted(result: Answered | NoAnswer) -> bool:
    """Return whether the endpoint has accepted the message, with any 2xx status."""
    return isinstance(result, Answered) and 200 <= result.status < 300  # noqa: PLR2004 - the class of success


def delay_after(attempts: int, result: Answered | NoAnswer) -> timedelta | None:
    """Return the delay until the next attempt, at least Retry-After; None if this attempt was the last."""
    if attempts > len(DELAYS):
        return None
    asked = retry_after(result) or timedelta()
    return max(DELAYS[max(attempts, 1) - 1], asked)


def retry_after(result: Answered | NoAnswer) -> timedelta | None:
    """Return the delay in the endpoint's Retry-After, at most a day; None without one."""
    if isinstance(result, NoAnswer) or result.retry_after_seconds is None:
        return None
    return min(timedelta(seconds=result.retry_after_seconds), LONGEST_WAIT)


def pause_after(faults: int) -> timedelta | None:
    """Return the pause of an endpoint after this many consecutive calls without an answer; None for no pause."""
    if faults < FAULTS_IN_A_ROW:
        return None
    doublings: int = 2 ** min(faults - FAULTS_IN_A_ROW, 10)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


def reason_to_disable(result: Answered | NoAnswer, *, failing_since: datetime, now: datetime) -> FailureReason | None:
    """Return the reason to disable the endpoint after this failure; None to keep it enabled."""
    if isinstance(result, Answered) and result.status == _GONE:
        return "gone"
    return "failing" if now - failing_since >= FAILED_DAYS else None
