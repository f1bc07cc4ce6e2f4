"""Evaluation of the rounds of a benchmark: medians, ratios and regressions."""

import pytest

from benchmarks.logins import rate_of
from benchmarks.samples import Sample, Series, paired_ratio, worsened


def series_of(**values: list[float]) -> Series:
    series = Series()
    for name, rounds in values.items():
        for value in rounds:
            series.add(name, Sample(value, p99_ms=value * 2))
    return series


def test_the_value_of_a_series_is_its_median_round() -> None:
    series = series_of(ours=[10, 1000, 30])
    assert series.median("ours") == 30
    assert series.median_p99("ours") == 60


def test_a_ratio_is_calculated_per_round_so_that_a_slow_machine_affects_both_sides() -> None:
    series = series_of(ours=[100, 10, 40], limit=[200, 20, 80])
    assert series.ratio("ours", "limit") == 0.5
    assert series.ratio_of_p99("ours", "limit") == 0.5
    assert paired_ratio([100, 10, 42], [200, 20, 70]) == pytest.approx(0.5)


def test_without_equal_rounds_the_medians_are_compared() -> None:
    assert paired_ratio([30], [10, 20, 60]) == 1.5


def test_an_unmeasured_series_is_missing() -> None:
    series = series_of(ours=[1])
    assert series.has("ours")
    assert not series.has("ours", "theirs")


@pytest.mark.parametrize(
    ("busy", "balance"), [((0.9, 0.9), 1.0), ((0.9, 0.0), 0.0), ((0.5, 0.25), 0.5), ((0.7,), 1.0), ((), 1.0)]
)
def test_workers_are_balanced_when_the_least_busy_does_as_much_as_the_busiest(
    busy: tuple[float, ...], balance: float
) -> None:
    assert Sample(1, busy=busy).worker_balance == balance


@pytest.mark.parametrize(("measured", "is_worse"), [(1.0, False), (0.86, False), (0.84, True), (2.0, False)])
def test_a_ratio_is_worse_when_it_falls_by_more_than_the_tolerance(measured: float, is_worse: bool) -> None:  # noqa: FBT001
    lines = worsened({"calls": measured}, {"calls": 1.0}, frozenset(), 0.15)
    assert bool(lines) is is_worse


@pytest.mark.parametrize(("measured", "is_worse"), [(1.0, False), (1.17, False), (1.18, True), (0.5, False)])
def test_a_time_is_worse_when_it_rises(measured: float, is_worse: bool) -> None:  # noqa: FBT001
    lines = worsened({"p99": measured}, {"p99": 1.0}, frozenset({"p99"}), 0.15)
    assert bool(lines) is is_worse


def test_a_ratio_measured_on_only_one_side_is_not_compared() -> None:
    assert not worsened({"new": 0.1}, {"gone": 1.0}, frozenset(), 0.15)


def test_a_rate_is_measured_from_the_first_batch_on() -> None:
    in_pairs = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    in_turns = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    assert rate_of(in_pairs, at_once=2) == 2.0
    assert rate_of(in_turns, at_once=2) == 2.0
    assert rate_of([1.0, 1.0], at_once=2) == 0.0
