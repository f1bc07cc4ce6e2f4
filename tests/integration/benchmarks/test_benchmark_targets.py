"""The target figures in the report of a benchmark."""

from dataclasses import replace

from benchmarks.samples import Sample, Series
from benchmarks.speed.page import series_table, targets_table
from benchmarks.speed.plot import drawing
from benchmarks.speed.results import figures, summaries
from benchmarks.speed.targets import TARGETS

BY_NAME = {target.name: target for target in TARGETS}
OF_L1 = "/me by L1, bare ASGI with the same query"


def measured(*values: tuple[str, float]) -> Series:
    series = Series()
    for name, value in values:
        series.add(name, Sample(value, p50_ms=1, p99_ms=2, answers=10, failed=1, busy=(0.5, 0.25)))
    return series


def test_only_figures_with_measured_series_are_reported() -> None:
    assert not figures(measured(("/me: doorward", 90)))
    assert figures(measured(("/me: doorward", 90), ("/me: L1 bare ASGI", 100))) == {OF_L1: 0.9}


def test_a_growth_figure_is_that_of_the_worse_size() -> None:
    sizes = measured(("/me at 1,000 users", 100), ("/me at 100,000 users", 80), ("/me at 1,000,000 users", 120))
    assert list(figures(sizes).values()) == [0.8]


def test_a_value_equal_to_the_bound_is_reached() -> None:
    target = BY_NAME[OF_L1]
    assert target.is_reached(target.bound)
    assert not target.is_reached(target.bound - 0.01)
    upside_down = replace(target, at_most=True)
    assert upside_down.is_reached(target.bound)
    assert not upside_down.is_reached(target.bound + 0.01)


def test_an_unmeasured_value_is_a_dash_and_not_a_zero() -> None:
    table = targets_table({"figures": {OF_L1: 0.5}})
    assert f"| {OF_L1} | 0.50 | at least 1.05 | **missed** |" in table
    assert table.count("| - |") == len(TARGETS) - 1
    assert " 0.00 " not in table


def test_the_table_shows_failures_and_the_load_of_each_worker() -> None:
    table = series_table({"series": summaries(measured(("/me: doorward, 2 workers", 1000)))})
    assert "| /me: doorward, 2 workers | 1,000 | 1,000 to 1,000 | 1.00 | 2.00 | 750 | 50% + 25% | 1 |" in table


def test_sizes_are_sorted_as_numbers() -> None:
    table = series_table({"series": summaries(measured(("at 1,000,000", 1), ("at 1,000", 1), ("at 100,000", 1)))})
    assert table.index("at 1,000 ") < table.index("at 100,000 ") < table.index("at 1,000,000 ")


def test_the_plot_draws_the_longest_bar_for_the_most_calls_and_escapes_names() -> None:
    series = summaries(measured(("/me: doorward", 100), ("/me: L1 <bare>", 200), ("/me: L2 pgbench", 90000)))
    svg = drawing(series)
    assert "L1 &lt;bare&gt;" in svg
    assert "pgbench" not in svg
    assert svg.index("L1 &lt;bare&gt;") < svg.index("doorward")
    assert 'width="450.0"' in svg
    assert 'width="225.0"' in svg
