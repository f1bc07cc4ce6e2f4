"""The retries of a failed message, the pauses of an endpoint, and its deactivation."""

from datetime import UTC, datetime, timedelta

import pytest

from doorward.domain.webhooks.health import delay_after, is_accepted, pause_after, reason_to_disable, retry_after
from doorward.domain.webhooks.models import Answered, NoAnswer

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
BROKEN = Answered(500)


def test_ten_attempts_take_75_hours_and_35_minutes() -> None:
    delays = [delay_after(attempts, BROKEN) for attempts in range(1, 11)]
    assert delays == [
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
        None,
    ]
    assert sum((each for each in delays if each), timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize(
    ("result", "accepted"),
    [
        (Answered(200), True),
        (Answered(299), True),
        (Answered(199), False),
        (Answered(302), False),
        (Answered(410), False),
        (NoAnswer("timeout"), False),
    ],
    ids=str,
)
def test_only_a_2xx_status_accepts_a_message(result: Answered | NoAnswer, *, accepted: bool) -> None:
    assert is_accepted(result) == accepted


@pytest.mark.parametrize(
    ("result", "seconds"),
    [
        (Answered(429, 120), 120),
        (Answered(503, 120), 120),
        (Answered(503, 999_999_999), 86_400),
        (Answered(503), None),
        (NoAnswer("timeout"), None),
    ],
    ids=str,
)
def test_retry_after_is_honoured_up_to_a_day(result: Answered | NoAnswer, seconds: int | None) -> None:
    asked = retry_after(result)
    assert asked == (None if seconds is None else timedelta(seconds=seconds))
    assert delay_after(1, result) == max(timedelta(seconds=5), asked or timedelta())
    assert delay_after(5, Answered(429, 1)) == timedelta(hours=5), "never earlier than by the schedule"


@pytest.mark.parametrize(
    ("faults", "seconds"), [(0, None), (4, None), (5, 30), (6, 60), (9, 480), (10, 600), (1000, 600)]
)
def test_an_endpoint_that_does_not_respond_is_paused_ever_longer(faults: int, seconds: int | None) -> None:
    assert pause_after(faults) == (None if seconds is None else timedelta(seconds=seconds))


def test_410_or_five_days_without_success_disable_an_endpoint() -> None:
    almost = MOMENT - timedelta(days=5) + timedelta(seconds=1)
    assert reason_to_disable(Answered(410), failing_since=MOMENT, now=MOMENT) == "gone"
    assert reason_to_disable(BROKEN, failing_since=almost, now=MOMENT) is None
    assert reason_to_disable(BROKEN, failing_since=MOMENT - timedelta(days=5), now=MOMENT) == "failing"
    assert reason_to_disable(NoAnswer("tls"), failing_since=MOMENT - timedelta(days=6), now=MOMENT) == "failing"
