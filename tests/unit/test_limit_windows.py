"""Limits counted in memory, with a clock that stands."""

from types import SimpleNamespace

import pytest

from doorward.infrastructure import limit_windows
from doorward.infrastructure.limit_windows import Limit, LimitWindows


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(present=1_000_000_000.0)
    clock.monotonic = lambda: clock.present
    monkeypatch.setattr(limit_windows, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("text", "limit"),
    [("7/second", (7, 1)), ("10/minute", (10, 60)), ("20/hour", (20, 3600)), ("9999999/day", (9_999_999, 86_400))],
)
def test_a_limit_is_read_as_the_settings_have_it(text: str, limit: tuple[int, int]) -> None:
    assert Limit.parse(text) == limit


def test_as_many_calls_as_the_limit_says_are_within_it() -> None:
    windows = LimitWindows(Limit.parse("3/minute"))
    assert [windows.count("ada") for _ in range(5)] == [0, 0, 0, 60, 60]


def test_each_client_has_a_window_of_its_own() -> None:
    windows = LimitWindows(Limit.parse("1/minute"))
    assert [windows.count(client) for client in ("ada", "bob", "ada")] == [0, 0, 60]


def test_the_window_begins_with_the_first_call_and_a_refused_one_does_not_prolong_it(clock: SimpleNamespace) -> None:
    windows = LimitWindows(Limit.parse("1/minute"))
    windows.count("ada")
    clock.present += 59.5
    assert windows.count("ada") == 1
    clock.present += 0.5
    assert [windows.count("ada"), windows.count("ada")] == [0, 60]


def test_clients_whose_windows_ended_are_forgotten_by_the_calls_of_others(clock: SimpleNamespace) -> None:
    windows = LimitWindows(Limit.parse("1/minute"))
    for number in range(100):
        windows.count(f"client {number}")
    clock.present += 60
    for number in range(50):
        windows.count(f"another client {number}")
    assert len(windows) == 50


def test_a_client_who_comes_again_stands_behind_those_before_him(clock: SimpleNamespace) -> None:
    windows = LimitWindows(Limit.parse("1/minute"))
    windows.count("ada")
    clock.present += 30
    windows.count("bob")
    clock.present += 30
    windows.count("ada")
    clock.present += 30
    assert windows.count("cleo") == 0
    assert len(windows) == 2


def test_the_number_of_clients_is_bounded_and_the_last_ones_stay_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limit_windows, "MAXIMUM_CLIENTS", 10)
    windows = LimitWindows(Limit.parse("1/minute"))
    for number in range(1000):
        windows.count(f"client {number}")
        assert windows.count(f"client {number}") == 60
    assert len(windows) <= 10
