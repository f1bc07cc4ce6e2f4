"""benchmarks/results.json: the latest results, quick and full runs separately."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.samples import Series, worsened
from benchmarks.speed.targets import TARGETS

PATH: Final = Path(__file__).parents[1] / "results.json"
TOLERANCE: Final = 0.15
AT_MOST: Final = frozenset(target.name for target in TARGETS if target.at_most)

Document = dict[str, Any]


def figures(series: Series) -> dict[str, float]:
    """Return the figures of all targets whose series were measured."""
    return {target.name: target.figure(series) for target in TARGETS if series.has(*target.needs)}


def load() -> Document:
    """Return the committed results; an empty document before the first run."""
    document: Document = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    return document


def store(kind: str, series: Series) -> None:
    """Replace the measured series of this kind; keep the others, which a run of some parts did not measure."""
    document = load()
    kept = document.setdefault(kind, {"figures": {}, "series": {}})
    kept["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    kept["figures"] |= {name: round(figure, 3) for name, figure in figures(series).items()}
    kept["series"] |= summaries(series)
    PATH.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def summaries(series: Series) -> Document:
    """Return each series in its stored form."""
    return {name: _summary(series, name) for name in series.samples}


def worse_than_committed(kind: str, series: Series) -> list[str]:
    """Return one line for each ratio that is more than 15 % worse than the committed one."""
    ratios = {target.name for target in TARGETS if target.is_ratio}
    committed: Mapping[str, float] = load().get(kind, {}).get("figures", {})
    measured = {name: figure for name, figure in figures(series).items() if name in ratios}
    return list(worsened(measured, committed, AT_MOST, TOLERANCE))


def _summary(series: Series, name: str) -> Document:
    samples = series.samples[name]
    values = [sample.value for sample in samples]
    summary: Document = {
        "median": _rounded(series.median(name)),
        "least": _rounded(min(values)),
        "greatest": _rounded(max(values)),
    }
    if samples[0].p99_ms is not None:
        summary |= {"p50_ms": _rounded(series.median_p50(name)), "p99_ms": _rounded(series.median_p99(name))}
    if samples[0].answers:
        summary["failed"] = sum(sample.failed for sample in samples)
    if samples[0].busy:
        costs = [sum(sample.busy) / sample.value * 1e6 for sample in samples if sample.value]
        middle = sorted(samples, key=lambda sample: sample.value)[len(samples) // 2]
        summary |= {
            "processor_us": round(median(costs)) if costs else None,
            "busy": " + ".join(f"{share:.0%}" for share in middle.busy),
        }
    return summary


def _rounded(value: float) -> float:
    return round(value, 1) if abs(value) >= 100 else round(value, 3)  # noqa: PLR2004 - digits that mean something
