"""The figures as tables, and the part of docs/performance.md with them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.markdown import table
from benchmarks.speed.targets import TARGETS, Target

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN: Final = "<!-- Written by `inv bench`: do not edit from here -->"
END: Final = "<!-- to here -->"
Results = Mapping[str, Any]


def targets_table(results: Results, targets: Sequence[Target] = TARGETS) -> str:
    """Return each figure with its target.

    A figure that was not measured, or that a peer does not support, is a dash.
    """
    figures: Mapping[str, float] = results["figures"]
    return table([["What", "measured", "target", ""], *(_target_row(each, figures.get(each.name)) for each in targets)])


def series_table(results: Results) -> str:
    """Return every series: the median, the rounds' range, latencies, CPU time, failures."""
    head = ["Series", "median", "range", "p50, ms", "p99, ms", "µs of processor per call", "busy", "failed"]
    return table([head, *(_series_row(name, each) for name, each in _in_order(results["series"]))])


def write_page(results: Results) -> None:
    """Write both tables into docs/performance.md."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join([BEGIN, "", targets_table(results), series_table(results), END])
    PAGE.write_text(before + tables + after, encoding="utf-8")


def _in_order(series: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Sort by name, with numbers in names compared as numbers."""

    def key(named: tuple[str, object]) -> str:
        return re.sub(r"\d+", lambda digits: digits[0].zfill(9), named[0].replace(",", ""))

    return sorted(series.items(), key=key)


def _target_row(target: Target, figure: float | None) -> Sequence[str]:
    bound = f"at {'most' if target.at_most else 'least'} {target.bound:g}"
    if figure is None:
        return [target.name, "-", bound, ""]
    return [target.name, f"{figure:.2f}", bound, "reached" if target.is_reached(figure) else "**missed**"]


def _series_row(name: str, summary: Mapping[str, Any]) -> Sequence[str]:
    return [
        name,
        _figure(summary["median"]),
        f"{_figure(summary['least'])} to {_figure(summary['greatest'])}",
        _optional(summary.get("p50_ms")),
        _optional(summary.get("p99_ms")),
        _optional(summary.get("processor_us")),
        summary.get("busy", ""),
        str(summary.get("failed", "")),
    ]


def _optional(value: float | None) -> str:
    return "" if value is None else _figure(value)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits that mean something
