"""benchmarks/speed.svg: calls per second as grouped bars."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

PATH: Final = Path(__file__).parents[1] / "speed.svg"
WIDTH: Final = 760
LABELS: Final = 230
FIGURES: Final = 80
ROW: Final = 24
BAR: Final = 16
HEADING: Final = 34
OURS: Final = "#2f6f4f"
OTHERS: Final = "#9fb3c8"
LIMITS: Final = "#d9c69c"
GROUPS: Final = (
    ("/me", "/me, calls a second"),
    ("/refresh", "/refresh, calls a second"),
    ("/token", "Logins a second"),
)
OUT_OF_SCALE: Final = "L2 pgbench"
"""Not HTTP: on its scale all other bars would be too small."""


def write_plot(results: Mapping[str, Any]) -> None:
    """Draw the measured series."""
    PATH.write_text(drawing(results["series"]), encoding="utf-8")


def drawing(series: Mapping[str, Any]) -> str:
    """Return the SVG. Bars of a group share a scale."""
    parts: list[str] = []
    top = 0
    for prefix, heading in GROUPS:
        bars = _bars(series, prefix)
        if bars:
            parts.extend(_group(heading, bars, top))
            top += HEADING + ROW * len(bars)
    height = top + ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"',
            f' height="{height}" font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _bars(series: Mapping[str, Any], prefix: str) -> Sequence[tuple[str, float]]:
    bars = [
        (name.removeprefix(f"{prefix}: "), float(each["median"]))
        for name, each in series.items()
        if name.startswith(f"{prefix}: ") and not name.endswith(OUT_OF_SCALE)
    ]
    return sorted(bars, key=lambda bar: -bar[1])


def _group(heading: str, bars: Sequence[tuple[str, float]], top: int) -> Iterator[str]:
    yield f'<text x="8" y="{top + 24}" font-weight="bold">{escape(heading)}</text>'
    widest = bars[0][1] or 1.0
    for number, (name, value) in enumerate(bars):
        y = top + HEADING + ROW * number
        width = max(1.0, value / widest * (WIDTH - LABELS - FIGURES))
        shown = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - digits that mean something
        yield f'<text x="{LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{_colour(name)}"/>'
        yield f'<text x="{LABELS + width + 6:.1f}" y="{y + 13}">{shown}</text>'


def _colour(name: str) -> str:
    if name.startswith("doorward"):
        return OURS
    return LIMITS if name[:2] in {"L1", "L3", "L4"} else OTHERS
