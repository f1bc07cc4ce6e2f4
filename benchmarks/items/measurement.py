"""The items domain at three sizes, each call compared with its queries. Writes benchmarks/items.md."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.items.calls import check_answer
from benchmarks.items.catalogue import Zipf, vocabulary
from benchmarks.items.imports import measure_import
from benchmarks.items.plans import explain
from benchmarks.items.report import calls_table, import_table, page, plans_table
from benchmarks.items.site import Site, running_site
from benchmarks.items.timing import measure
from benchmarks.plan import report_progress
from development.postgres import EmbeddedPostgres

ROUNDS: Final = 3
ROUNDS_OF_IMPORTS: Final = 3
PAGE: Final = Path("benchmarks/items.md")
FLATTENED: Final = 5
"""Flattening of the word distribution: how little the most frequent words dominate."""


def measure_items(sizes: Sequence[int], *, is_quick: bool) -> None:
    """Measure, print, and write the page unless it was a quick run at the smallest size."""
    sizes = sorted(sizes)[:1] if is_quick else sorted(sizes)
    with EmbeddedPostgres() as postgres, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        text = runner.run(_bench(postgres, sizes, 1 if is_quick else ROUNDS_OF_IMPORTS))
    if not is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


async def _bench(postgres: EmbeddedPostgres, sizes: Sequence[int], rounds_of_imports: int) -> str:
    words = Zipf.of(vocabulary(), FLATTENED)
    sites: list[Site] = []
    async with contextlib.AsyncExitStack() as stack:
        for size in sizes:
            report_progress(f"making {size:,} items")
            sites.append(await stack.enter_async_context(running_site(postgres, size, words)))
        for site in sites:
            for call in site.calls:
                await check_answer(call, site.http, site.connection)
        report_progress("measuring calls")
        measured = await measure(sites, ROUNDS)
        largest = sites[-1]
        print(calls_table(largest.calls, sizes, measured), flush=True)
        plans = await explain(largest.connection, largest.calls)
        print(plans_table(plans), flush=True)
        report_progress("measuring imports")
        imported = await measure_import(largest, words, rounds_of_imports)
        print(import_table(imported), flush=True)
    return page(largest.calls, sizes, measured, plans, imported)
