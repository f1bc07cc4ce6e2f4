"""PostgreSQL's time, estimated from measurements: correct within its bounds for any behaviour of the host's clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.postgres.clock_watch import REFUSED_SECONDS, ClocksDifferError, require_agreement
from doorward.infrastructure.postgres.database_clock import MAXIMUM_DRIFT, DatabaseClock, Offset

POSTGRES_TIME = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
FORTY_DAYS = timedelta(days=40).total_seconds()
ROUNDING = 2e-6
"""The rounding to whole microseconds loses a half, and each sum of floats for the seconds of this century a quarter."""


class SetClock(HostClock):
    """Clocks that the test sets."""

    def __init__(self, *, time_of_day: float) -> None:
        self.uptime = 1000.0
        self.today = time_of_day

    def steady(self) -> float:
        return self.uptime

    def time_of_day(self) -> float:
        return self.today


def measured(host: SetClock, shown: float, *, round_trip: float = 0.0) -> DatabaseClock:
    clock = DatabaseClock(host)
    clock.note(Offset.measured(sent=host.uptime - round_trip, shown=shown, received=host.uptime))
    return clock


def test_the_time_advances_with_the_steady_clock_for_any_change_of_the_time_of_day() -> None:
    host = SetClock(time_of_day=POSTGRES_TIME + FORTY_DAYS)
    clock = measured(host, POSTGRES_TIME)
    host.uptime += 2.5
    host.today = 0.0
    assert clock.now() == datetime.fromtimestamp(POSTGRES_TIME + 2.5, UTC)


def test_before_the_first_measurement_the_time_is_unknown() -> None:
    clock = DatabaseClock(SetClock(time_of_day=POSTGRES_TIME))
    with pytest.raises(ServiceUnavailableError):
        clock.now()
    with pytest.raises(ServiceUnavailableError):
        require_agreement(clock)
    assert (clock.difference(), clock.age()) == (None, None)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 60)), min_size=1, max_size=20),
    st.floats(-MAXIMUM_DRIFT, MAXIMUM_DRIFT),
)
def test_the_error_is_within_its_bound_for_any_delays_and_any_drift(
    round_trips: list[tuple[float, float, float]], drift: float
) -> None:
    """``round_trips``: seconds to the server, seconds back, and the pause before."""
    host = SetClock(time_of_day=POSTGRES_TIME)
    clock = DatabaseClock(host)
    begun = host.uptime

    def truth(steady: float) -> float:
        return POSTGRES_TIME + (steady - begun) * (1 + drift)

    for there, back, pause in round_trips:
        host.uptime += pause + there + back
        clock.note(
            Offset.measured(sent=host.uptime - back - there, shown=truth(host.uptime - back), received=host.uptime)
        )
        error = abs(clock.now().timestamp() - truth(host.uptime))
        assert error <= clock.error() + ROUNDING


def test_a_slow_response_does_not_replace_a_better_estimate() -> None:
    host = SetClock(time_of_day=POSTGRES_TIME)
    clock = measured(host, POSTGRES_TIME, round_trip=0.002)
    host.uptime += 1.0
    clock.note(Offset.measured(sent=host.uptime - 0.8, shown=POSTGRES_TIME + 0.2, received=host.uptime))
    assert clock.error() < 0.002
    assert abs(clock.now().timestamp() - POSTGRES_TIME - 1.0) < 0.002


@pytest.mark.parametrize("step", [3600.0, -3600.0, 0.01])
def test_the_clock_of_another_server_is_used_from_its_first_response_on(step: float) -> None:
    host = SetClock(time_of_day=POSTGRES_TIME)
    clock = measured(host, POSTGRES_TIME)
    clock.note(Offset.measured(sent=host.uptime, shown=POSTGRES_TIME + step, received=host.uptime))
    assert abs(clock.now().timestamp() - POSTGRES_TIME - step) < ROUNDING


@pytest.mark.parametrize("ahead", [REFUSED_SECONDS + 1, -REFUSED_SECONDS - 1, FORTY_DAYS])
def test_clocks_that_differ_by_more_than_a_minute_do_not_agree(ahead: float) -> None:
    clock = measured(SetClock(time_of_day=POSTGRES_TIME + ahead), POSTGRES_TIME)
    with pytest.raises(ClocksDifferError) as refusal:
        require_agreement(clock)
    assert abs(refusal.value.seconds - ahead) < ROUNDING


@pytest.mark.parametrize("ahead", [0, REFUSED_SECONDS - 1, 1 - REFUSED_SECONDS])
def test_clocks_that_differ_by_less_agree(ahead: float) -> None:
    clock = measured(SetClock(time_of_day=POSTGRES_TIME + ahead), POSTGRES_TIME)
    require_agreement(clock)
