"""The figures as Markdown tables."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.items.calls import Call
from benchmarks.items.imports import LINES, ImportMeasured
from benchmarks.items.plans import Plan
from benchmarks.items.timing import CALLS, Measured, Times
from benchmarks.markdown import table

MAXIMUM_OVERHEAD_MS: Final = 1.0
MAXIMUM_GROWTH: Final = 1.5
MAXIMUM_IMPORT_SECONDS: Final = 5.0
MAXIMUM_IMPORT_MB: Final = 50.0
ME: Final = "/api/v1/auth/me"

INTRODUCTION: Final = f"""\
# Items at real size

<!-- Written by `inv bench`. Do not edit. -->

One client, one connection, one worker; service, PostgreSQL (fsync on, its default memory) and client share the
machine. Medians of several rounds of up to {CALLS} calls, sizes and calls in turns. Absolute times are this
machine's: the ratios are what holds elsewhere. [docs/performance.md](../docs/performance.md) says what to make of it.
"""
TIMES: Final = """\
## Calls beside their queries

- *queries*: the same statements by psycopg alone, through the repository's own functions.
- *over*: call minus queries; *own*: what of it is left when the same of `/api/v1/auth/me` is taken away, which every
  call pays for framework and session check; *worker*: how long the worker had a processor for a call; *ratio*: call
  by queries. All at the largest size.
- *growth*: largest size by smallest; of the queries, then of the call. *flat*: the call grew by no more than half.
"""
PLANS: Final = """\
## Plans

EXPLAIN (ANALYZE, BUFFERS) at {size:,} items. Numbers beside an index: entries read from it into a bitmap. A list reads
shared items and the reader's private ones separately; a numbered page has a second statement that counts.
"""
IMPORT: Final = """\
## Import

{lines:,} lines in the form of MovieLens by one call, into a table of {size:,} items, beside a COPY of the same rows,
prepared before the clock starts.
"""


def calls_table(calls: Sequence[Call], sizes: Sequence[int], measured: Measured) -> str:
    """Return the calls as a Markdown table."""
    shown = " · ".join(_short(size) for size in sizes)
    me = measured[ME, sizes[-1]]
    head = [f"Call ({shown} items)", "queries, ms", "call, ms", "over", "own", "worker", "ratio", "growth", "limits"]
    rows = [_call_row(call, [measured[call.name, size] for size in sizes], me.call - me.queries) for call in calls]
    return table([head, *rows])


def _call_row(call: Call, times: Sequence[Times], over_of_me: float) -> Sequence[str]:
    first, last = times[0], times[-1]
    calls = " · ".join(_ms(each.call) for each in times)
    growth = last.call / first.call if len(times) > 1 else None
    if call.queries is None:
        return [call.name, "", calls, "", "", _ms(last.worker), "", f"{growth:.2f}" if growth else "", ""]
    over = last.call - last.queries
    return [
        call.name,
        " · ".join(_ms(each.queries) for each in times),
        calls,
        _ms(over),
        _ms(over - over_of_me) if call.is_of_items else "",
        _ms(last.worker),
        f"{last.call / last.queries:.1f}",
        f"{last.queries / first.queries:.2f}; {growth:.2f}" if growth else "",
        _limits(call, over, growth) + _refusals(sum(each.refused for each in times)),
    ]


def _limits(call: Call, over: float, growth: float | None) -> str:
    if not call.is_of_items:
        return ""
    limits = [f"1 ms over: {_verdict(over <= MAXIMUM_OVERHEAD_MS)}"]
    if call.is_flat and growth:
        limits.append(f"flat: {_verdict(growth <= MAXIMUM_GROWTH)}")
    return ", ".join(limits)


def _refusals(count: int) -> str:
    return f"; {count} calls refused" if count else ""


def plans_table(plans: Iterable[Plan]) -> str:
    """Return the plans as a Markdown table."""
    head = ["Query", "index used", "rows read", "pages of 8 kB", "ms"]
    return table(
        [
            head,
            *(
                [each.call, ", ".join(each.indexes), f"{each.rows_read:,}", f"{each.buffers:,}", _ms(each.milliseconds)]
                for each in plans
            ),
        ]
    )


def import_table(imported: ImportMeasured) -> str:
    """Return the import's figures as a Markdown table."""
    return table(
        [
            ["What", "figure", "limit"],
            ["call", f"{imported.call_seconds:.1f} s", _limit(imported.call_seconds, MAXIMUM_IMPORT_SECONDS, "s")],
            ["COPY alone", f"{imported.copy_seconds:.1f} s", ""],
            ["call / COPY", f"{imported.call_seconds / imported.copy_seconds:.2f}", ""],
            [
                "memory, peak",
                f"+{imported.peak_growth_mb:.0f} MB",
                _limit(imported.peak_growth_mb, MAXIMUM_IMPORT_MB, "MB"),
            ],
            ["memory, afterwards", f"+{imported.lasting_growth_mb:.0f} MB", ""],
        ]
    )


def page(
    calls: Sequence[Call], sizes: Sequence[int], measured: Measured, plans: Iterable[Plan], imported: ImportMeasured
) -> str:
    """Return the text of benchmarks/items.md."""
    return "\n".join(
        [
            INTRODUCTION,
            TIMES,
            calls_table(calls, sizes, measured),
            PLANS.format(size=sizes[-1]),
            plans_table(plans),
            IMPORT.format(lines=LINES, size=imported.size),
            import_table(imported).rstrip("\n") + "\n",
        ]
    )


def _limit(value: float, most: float, unit: str) -> str:
    return f"{most:.0f} {unit}: {_verdict(value <= most)}"


def _verdict(is_reached: bool) -> str:  # noqa: FBT001 - the one thing that is asked
    return "reached" if is_reached else "**missed**"


def _short(size: int) -> str:
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size // unit}{name}"
    return str(size)


def _ms(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits that mean something
