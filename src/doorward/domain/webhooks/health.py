"""When a failed message is retried, and when an endpoint is paused or disabled. Pure."""

from datetime import datetime, timedelta
from typing import Final

from doorward.domain.webhooks.models import Answered, FailureReason, Unanswered

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
"""After the first, the second ... failed attempt. After the one that follows the last, the message is a dead letter."""

FAILED_DAYS: Final = timedelta(days=5)
LONGEST_WAIT: Final = timedelta(hours=24)

FAULTS_IN_A_ROW: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=10)
PROBE: Final = timedelta(seconds=30)
"""How long other messages wait for the one that tries whether an endpoint is back. Longer than a call may take."""

_GONE: Final = 410


def is_taken(result: Answered | Unanswered) -> bool:
    """Tell whether the endpoint has taken the message: any 2xx."""
    return isinstance(result, Answered) and 200 <= result.status < 300  # noqa: PLR2004 - the class of success


def delay_after(attempts: int, result: Answered | Unanswered) -> timedelta | None:
    """Return how long the message waits for its next attempt, Retry-After at least; None when it was the last."""
    if attempts > len(DELAYS):
        return None
    asked = pause_asked_for(result) or timedelta()
    return max(DELAYS[max(attempts, 1) - 1], asked)


def pause_asked_for(result: Answered | Unanswered) -> timedelta | None:
    """Return for how long the endpoint asked not to be called, a day at most."""
    if isinstance(result, Unanswered) or result.retry_after_seconds is None:
        return None
    return min(timedelta(seconds=result.retry_after_seconds), LONGEST_WAIT)


def pause_after(faults: int) -> timedelta | None:
    """Return for how long an endpoint is paused after so many calls without an answer; None for no pause."""
    if faults < FAULTS_IN_A_ROW:
        return None
    doublings: int = 2 ** min(faults - FAULTS_IN_A_ROW, 10)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


def reason_to_disable(result: Answered | Unanswered, *, failing_since: datetime, now: datetime) -> FailureReason | None:
    """Return why the endpoint is to get no more messages after this failure, if so."""
    if isinstance(result, Answered) and result.status == _GONE:
        return "gone"
    return "failing" if now - failing_since >= FAILED_DAYS else None
