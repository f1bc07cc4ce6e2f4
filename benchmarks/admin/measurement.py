"""Lists of users at several sizes, each call beside its query. Writes benchmarks/admin.md."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop
from psycopg import AsyncConnection, sql

from benchmarks.admin.calls import calls_of
from benchmarks.admin.users import fill
from benchmarks.items.calls import Call
from benchmarks.items.timing import CALLS, Measured, Times, measure
from benchmarks.markdown import table
from benchmarks.plan import report_progress
from benchmarks.service import KeepAlive, Service, running_service
from development.postgres import EmbeddedPostgres
from development.second_factor import set_up_application
from doorward.core.pages import CursorCodec, Position
from doorward.infrastructure.keys import cursor_purpose, derive_key
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.database import with_session_options

ROUNDS: Final = 3
PAGE: Final = Path("benchmarks/admin.md")
MAXIMUM_OVERHEAD_MS: Final = 5.0
MAXIMUM_GROWTH: Final = 1.5
INTRODUCTION: Final = f"""\
# Lists of users at real size

<!-- Written by `inv bench --part admin`. Do not edit. -->

One client, one connection, one worker; service, PostgreSQL (fsync on, its default memory) and client share the
machine. Medians of {ROUNDS} rounds of up to {CALLS} calls, sizes and calls in turns.

*query*: the page's statement by psycopg alone; the call counts or estimates besides, and uses an estimate again for
ten seconds. *over*: call minus query at the largest size, at most {MAXIMUM_OVERHEAD_MS:.0f} ms; *worker*: how long the
worker had a processor for a call there. *growth* of the call from the smallest size to the largest, at most
{MAXIMUM_GROWTH}.
"""


@dataclass(frozen=True)
class Site:
    """A database of users with a service, called by its administrator. ``connection`` is the benchmark's own."""

    size: int
    service: Service
    calls: Sequence[Call]
    http: KeepAlive
    connection: AsyncConnection[Any]


def measure_admin(sizes: Sequence[int], *, is_quick: bool) -> None:
    """Measure, print, and write the page unless it was a quick run at the smallest size."""
    sizes = sorted(sizes)[:1] if is_quick else sorted(sizes)
    with EmbeddedPostgres() as postgres, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        text = runner.run(_bench(postgres, sizes))
    print(text)
    if not is_quick:
        PAGE.write_text(text, encoding="utf-8")
        report_progress(f"written to {PAGE}")


async def _bench(postgres: EmbeddedPostgres, sizes: Sequence[int]) -> str:
    sites: list[Site] = []
    async with contextlib.AsyncExitStack() as stack:
        for size in sizes:
            report_progress(f"making {size:,} users")
            sites.append(await stack.enter_async_context(_running_site(postgres, size)))
        report_progress("measuring calls")
        measured = await measure(sites, ROUNDS)
    return "\n".join([INTRODUCTION, _table(sites[-1].calls, sizes, measured)]).rstrip("\n") + "\n"


@contextlib.asynccontextmanager
async def _running_site(postgres: EmbeddedPostgres, size: int) -> AsyncIterator[Site]:
    name = f"doorward_users_{size}"
    async with await _connect(postgres.url()) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres.url(name)
    migrate(url)
    async with await _connect(url) as connection:
        with running_service(url) as service:
            # As in production: administration needs a session with two factors.
            token = set_up_application(service.url, service.sign_in().access_token)
            await connection.execute("UPDATE users SET roles = '{admin}'")
            await fill(connection, size)
            cursor = await connection.execute(
                "SELECT created_at, id, email FROM users ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET %(depth)s",
                {"depth": size * 9 // 10},
            )
            ((created_at, user_id, email),) = await cursor.fetchall()
            cursors = CursorCodec(derive_key(service.secret_key.encode(), cursor_purpose("users")))
            deep = Position("-created_at", created_at.isoformat(), str(user_id))
            with contextlib.closing(KeepAlive(service.port, token)) as http:
                yield Site(size, service, calls_of(cursors, deep, email, size), http, connection)


async def _connect(url: str) -> AsyncConnection[Any]:
    connection: AsyncConnection[Any] = await AsyncConnection.connect(with_session_options(url), autocommit=True)
    await connection.execute("SET statement_timeout = 0")
    return connection


def _table(calls: Sequence[Call], sizes: Sequence[int], measured: Measured) -> str:
    shown = " · ".join(f"{size:,}" for size in sizes)
    head = [f"Call ({shown} users)", "query, ms", "call, ms", "over", "worker", "growth", "limits"]
    return table([head, *(_row(call, [measured[call.name, size] for size in sizes]) for call in calls)])


def _row(call: Call, times: Sequence[Times]) -> Sequence[str]:
    over, growth = times[-1].call - times[-1].queries, times[-1].call / times[0].call
    reached = over <= MAXIMUM_OVERHEAD_MS and growth <= MAXIMUM_GROWTH and not any(each.refused for each in times)
    return [
        call.name,
        " · ".join(f"{each.queries:.2f}" for each in times),
        " · ".join(f"{each.call:.2f}" for each in times),
        f"{over:.2f}",
        f"{times[-1].worker:.2f}",
        f"{growth:.2f}",
        "reached" if reached else "**missed**",
    ]
