"""Limits counted in memory, with a clock that only the tests advance."""

from collections.abc import Iterable

import pytest

from doorward.infrastructure.limits.windows import COARSE_FACTOR, Limit, LimitWindows


class StandingClock:
    def __init__(self) -> None:
        self.present = 1_000_000_000.0

    def now(self) -> float:
        return self.present


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.mark.parametrize(
    ("text", "limit"),
    [("7/second", (7, 1)), ("10/minute", (10, 60)), ("20/hour", (20, 3600)), ("9999999/day", (9_999_999, 86_400))],
)
def test_a_limit_is_parsed_from_the_format_of_the_settings(text: str, limit: tuple[int, int]) -> None:
    assert Limit.parse(text) == limit


def test_calls_up_to_the_limit_are_accepted(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("3/minute"), clock=clock.now)
    assert [windows.count("ada") for _ in range(5)] == [0, 0, 0, 60, 60]


def test_each_client_has_its_own_window(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("1/minute"), clock=clock.now)
    assert [windows.count(client) for client in ("ada", "bob", "ada")] == [0, 0, 60]


def test_the_window_begins_with_the_first_call_and_a_refused_one_does_not_prolong_it(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("1/minute"), clock=clock.now)
    windows.count("ada")
    clock.present += 59.5
    assert windows.count("ada") == 1
    clock.present += 0.5
    assert [windows.count("ada"), windows.count("ada")] == [0, 60]


def test_ended_windows_are_removed_by_the_calls_of_other_clients(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("1/minute"), clock=clock.now)
    for number in range(100):
        windows.count(f"client {number}")
    clock.present += 60
    for number in range(50):
        windows.count(f"another client {number}")
    assert len(windows) == 50


def test_a_client_that_calls_again_moves_to_the_end_of_the_order(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("1/minute"), clock=clock.now)
    windows.count("ada")
    clock.present += 30
    windows.count("bob")
    clock.present += 30
    windows.count("ada")
    clock.present += 30
    assert windows.count("cleo") == 0
    assert len(windows) == 2


def test_the_number_of_clients_is_bounded_and_the_oldest_within_their_limit_are_dropped(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("2/minute"), maximum=10, clock=clock.now)
    for number in range(1000):
        windows.count(f"client {number}")
    assert len(windows) == 10
    assert [windows.count("client 999"), windows.count("client 999")] == [0, 60]


def test_other_clients_do_not_displace_a_client_that_reached_its_limit(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("2/minute"), maximum=10, clock=clock.now)
    assert [windows.count("ada") for _ in range(3)] == [0, 0, 60]
    clock.present += 30
    for number in range(1000):
        windows.count(f"client {number}")
    assert windows.count("ada") == 30
    clock.present += 30
    assert windows.count("ada") == 0


def exhaust(windows: LimitWindows, clients: Iterable[str]) -> None:
    """Count calls of each client until one is refused."""
    for client in clients:
        while not windows.count(client):
            pass


def test_at_capacity_the_coarse_network_of_a_new_client_is_counted(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("2/minute"), maximum=10, clock=clock.now)
    exhaust(windows, (f"203.0.113.{number}" for number in range(10)))
    newcomers = [windows.count(f"198.51.100.{number}") for number in range(2 * COARSE_FACTOR + 1)]
    assert newcomers == [0] * (2 * COARSE_FACTOR) + [60]
    assert windows.count("198.52.100.1") == 0
    assert len(windows) == 10


def test_clients_that_reached_their_limits_are_removed_when_their_windows_end(clock: StandingClock) -> None:
    windows = LimitWindows(Limit.parse("1/minute"), maximum=10, clock=clock.now)
    exhaust(windows, (f"203.0.113.{number}" for number in range(10)))
    clock.present += 60
    assert [windows.count("198.51.100.1"), windows.count("198.51.100.1")] == [0, 60]
    assert len(windows) < 10
