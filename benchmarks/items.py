"""`inv bench`: the items domain at three sizes, each call beside its queries. Writes benchmarks/items.md."""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvloop

from benchmarks.calls import check_answer
from benchmarks.catalogue import Zipf, vocabulary
from benchmarks.imports import measure_import
from benchmarks.plans import explain
from benchmarks.report import calls_table, import_table, page, plans_table
from benchmarks.site import Site, running_site
from benchmarks.timing import measure
from development.postgres import EmbeddedPostgres

SIZES: Final = (10_000, 100_000, 1_000_000)
ROUNDS: Final = 3
ROUNDS_OF_IMPORTS: Final = 3
PAGE: Final = Path("benchmarks/items.md")
FLATTENED: Final = 5
"""How little the most frequent words dominate."""


def main() -> int:
    """Measure, print, and write the page unless it was a quick look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 items only; no page is written")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of items, separated by commas")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    sizes = SIZES[:1] if options.quick else sorted(map(int, options.sizes.split(",")))
    with EmbeddedPostgres() as postgres, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        text = runner.run(_bench(postgres, sizes, 1 if options.quick else ROUNDS_OF_IMPORTS))
    if not options.quick:
        PAGE.write_text(text, encoding="utf-8")
        _say(f"written to {PAGE}")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl+C does, so that PostgreSQL and the services end, too."""
    raise KeyboardInterrupt


async def _bench(postgres: EmbeddedPostgres, sizes: Sequence[int], rounds_of_imports: int) -> str:
    words = Zipf.of(vocabulary(), FLATTENED)
    sites: list[Site] = []
    async with contextlib.AsyncExitStack() as stack:
        for size in sizes:
            _say(f"making {size:,} items")
            sites.append(await stack.enter_async_context(running_site(postgres, size, words)))
        for site in sites:
            for call in site.calls:
                await check_answer(call, site.http, site.connection)
        _say("measuring calls")
        measured = await measure(sites, ROUNDS)
        largest = sites[-1]
        print(calls_table(largest.calls, sizes, measured), flush=True)
        plans = await explain(largest.connection, largest.calls)
        print(plans_table(plans), flush=True)
        _say("measuring imports")
        imported = await measure_import(largest, words, rounds_of_imports)
        print(import_table(imported), flush=True)
    return page(largest.calls, sizes, measured, plans, imported)


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
