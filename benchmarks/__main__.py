"""`inv bench`: measure, print, and store the figures. Everything that it starts is stopped, also when interrupted."""

import argparse
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

from benchmarks.admin.measurement import measure_admin
from benchmarks.capacity.measurement import measure_capacity
from benchmarks.codes.measurement import measure_codes
from benchmarks.factors.measurement import measure_factors
from benchmarks.flows.measurement import measure_accounts
from benchmarks.items.measurement import measure_items
from benchmarks.plan import Plan, report_progress
from benchmarks.rotations import measure_rotations
from benchmarks.speed import results
from benchmarks.speed.measurement import PARTS, measure_speed
from benchmarks.speed.page import series_table, targets_table, write_page
from benchmarks.speed.plot import write_plot
from benchmarks.speed.targets import TARGETS
from benchmarks.tokens.measurement import measure_tokens

INTERRUPTED: Final = 130
ITEMS: Final = "items"
ACCOUNTS: Final = "accounts"
ADMIN: Final = "admin"
TOKENS: Final = "tokens"
CAPACITY: Final = "capacity"
FACTORS: Final = "factors"
CODES: Final = "codes"
ROTATIONS: Final = "rotations"
SEPARATE_PARTS: Final = frozenset({ITEMS, ACCOUNTS, ADMIN, TOKENS, CAPACITY, FACTORS, CODES, ROTATIONS})
"""Parts with a page of their own, which run only when they are named."""

QUICK_PARTS: Final = ("rates", "logins", "start", "storage")
SECONDS: Final = {True: 1.5, False: 5.0}
LOGINS: Final = {True: 16, False: 48}
"""Number of logins, by whether the run is quick."""


def main() -> int:
    """Measure the selected parts; return 1 if ``--check`` found a ratio worse than the committed one."""
    options = _parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return _measure(options)
    except KeyboardInterrupt:
        report_progress("interrupted; nothing was written, and what was started has ended")
        return INTERRUPTED


def _measure(options: argparse.Namespace) -> int:
    chosen = frozenset(options.part.split(",")) if options.part else frozenset(QUICK_PARTS if options.quick else PARTS)
    unknown = chosen - {*PARTS, *SEPARATE_PARTS}
    if unknown:
        sys.exit(
            f"no such part: {', '.join(sorted(unknown))}. There are {', '.join([*PARTS, *sorted(SEPARATE_PARTS)])}"
        )
    status = 0
    if chosen - SEPARATE_PARTS:
        status = _speed(chosen - SEPARATE_PARTS, _plan(options), check=options.check)
    sizes = [int(size) for size in options.sizes.split(",")]
    apart: dict[str, Callable[[], None]] = {
        ACCOUNTS: lambda: measure_accounts(_plan(options), options.before),
        FACTORS: lambda: measure_factors(_plan(options), options.before),
        CODES: lambda: measure_codes(_plan(options), options.before),
        TOKENS: lambda: measure_tokens(_plan(options)),
        ROTATIONS: lambda: measure_rotations(_plan(options)),
        CAPACITY: lambda: measure_capacity(_plan(options)),
        ITEMS: lambda: measure_items(sizes, is_quick=options.quick),
        ADMIN: lambda: measure_admin([sizes[0], sizes[-1]], is_quick=options.quick),
    }
    for name, measure in apart.items():
        if name in chosen:
            measure()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short loads and fewer parts, in three minutes")
    parser.add_argument(
        "--part", default="", help=f"of {', '.join([*PARTS, *sorted(SEPARATE_PARTS)])}; several with commas"
    )
    parser.add_argument("--check", action="store_true", help="compare with results.json; write nothing")
    parser.add_argument("--no-peers", action="store_true", help="measure the service and the limits only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-minutes", type=float, default=2.0, help="how long memory is watched")
    parser.add_argument(
        "--before", default="", help="of the parts accounts, factors and codes: a commit to measure beside"
    )
    parser.add_argument("--sizes", default="10000,100000,1000000", help="of the parts items and admin, with commas")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    return Plan(
        is_quick=options.quick,
        rounds=options.rounds,
        seconds=SECONDS[options.quick],
        logins=LOGINS[options.quick],
        memory_minutes=options.memory_minutes,
        with_peers=not options.no_peers,
    )


def _speed(parts: frozenset[str], plan: Plan, *, check: bool) -> int:
    series = measure_speed(parts, plan)
    measured = {"figures": results.figures(series), "series": results.summaries(series)}
    print(targets_table(measured, [target for target in TARGETS if target.name in measured["figures"]]))
    print(series_table(measured))
    if check:
        worse = results.worse_than_committed(plan.kind, series)
        print("\n".join(worse) or "no ratio is more than 15 % worse than the committed one")
        return 1 if worse else 0
    results.store(plan.kind, series)
    if not plan.is_quick:
        stored = results.load()[plan.kind]
        write_page(stored)
        write_plot(stored)
    report_progress(f"written to {results.PATH.name}")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop everything that was started; ignore a second signal meanwhile."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
