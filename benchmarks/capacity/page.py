"""benchmarks/capacity.md: measurements, assumptions, and the resulting sizes. Pure."""

import os
import platform
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Final

from benchmarks.capacity.usage import (
    LOGIN,
    ME,
    REFRESH,
    Behaviour,
    Costs,
    Size,
    people_per_connection,
    people_per_core,
    size_of,
)
from benchmarks.markdown import table

if TYPE_CHECKING:
    from benchmarks.capacity.measurement import Round

MINIMUM_CORE_SHARE: Final = 0.9
"""Minimum share of its core for the replica under full load. With less the machine is busy, and no page is written."""

USERS: Final = (10, 10_000, 1_000_000, 10_000_000)
MEGABYTE: Final = 1e6
INTRODUCTION: Final = """\
# Capacity

<!-- Written by `inv bench --part capacity`. Do not edit. -->

How many people one core of the service and one connection to PostgreSQL carry. One copy with one worker, on a core of
its own, answers a mix of calls as people make them; PostgreSQL (fsync on, its default memory) and the clients have the
machine's other core. The service runs with production settings: passwords at cost 12, limits counted, a line of the
log for each call. The database's own counts of sessions and rotations agree with the shares that were sent.
"""


def page_of(behaviour: Behaviour, costs: Costs, full: Sequence["Round"], planned: Sequence["Round"]) -> str:
    """Return the page."""
    machine = f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}"
    parts = [
        INTRODUCTION,
        f"Measured on {machine}; mean of {len(full)} rounds. Cores of other machines differ: measure yours.\n",
        "## What people do\n",
        _assumptions(behaviour),
        "## What it takes\n",
        _measured(costs, full, planned),
        _carried(behaviour, costs),
        "## Sums\n",
        _sums([size_of(users, behaviour, costs) for users in USERS]),
        _reading(behaviour),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _assumptions(behaviour: Behaviour) -> str:
    calls, shares = behaviour.calls(), behaviour.shares()
    rows = [
        ["Kind", "a day, of one person", "share", "why"],
        [
            "login",
            f"{calls[LOGIN]:.2f}",
            f"{shares[LOGIN]:.1%}",
            "one a week: a new device, an emptied one, a logout. The service itself asks after 7 days without a visit",
        ],
        [
            "refresh",
            f"{calls[REFRESH]:.0f}",
            f"{shares[REFRESH]:.1%}",
            "four visits of less than 30 minutes, the life of an access token: one for each",
        ],
        [
            "`/me`",
            f"{calls[ME]:.0f}",
            f"{shares[ME]:.1%}",
            f"{behaviour.me_of_a_visit:.0f} in a visit; none where services verify access tokens by themselves",
        ],
    ]
    return table(rows) + (
        f"\nOf all users {behaviour.present:.0%} are there on a day; the busiest hour has {behaviour.peak:.0f} times "
        f"the calls of an average one; {behaviour.use:.0%} of a core and of a connection's time are planned for.\n"
    )


def _measured(costs: Costs, full: Sequence["Round"], planned: Sequence["Round"]) -> str:
    rows = [
        ["What", "as much as one core answers", "at the planned use"],
        ["calls a second", *(f"{_mean(each, 'rate'):,.0f}" for each in (full, planned))],
        ["the copy had its core for", *(f"{_mean(each, 'busy'):.0%}" for each in (full, planned))],
        ["PostgreSQL: processor", *(f"{_mean(each, 'database'):.0%} of a core" for each in (full, planned))],
        ["connections that are busy", *(f"{_mean(each, 'connections'):.2f}" for each in (full, planned))],
        ["`/me`, half of them within", *(f"{_mean(each, 'median'):.1f} ms" for each in (full, planned))],
        ["`/me`, 95 % of them within", *(f"{_mean(each, 'tail'):.1f} ms" for each in (full, planned))],
    ]
    one_call = [
        ["Of one call of the mix", ""],
        ["processor of the service", f"{costs.service_seconds * 1000:.2f} ms"],
        ["processor of PostgreSQL", f"{costs.database_seconds * 1000:.2f} ms"],
        ["a connection is busy", f"{costs.connection_seconds * 1000:.2f} ms"],
        ["processor of a login alone, which is its hash", f"{costs.login_seconds * 1000:.0f} ms"],
        ["PostgreSQL's write-ahead log", f"{costs.wal_bytes:,.0f} bytes"],
        ["a user and a session on disk, with indexes", f"{costs.user_bytes:.0f} and {costs.session_bytes:.0f} bytes"],
    ]
    note = f"""
The copy shares its core with whatever else the machine does. Where it had less than {MINIMUM_CORE_SHARE:.0%} of it in
the first column, calls a second and times are of a busy machine, and this page is not written.
"""
    return table(rows) + note + "\n" + table(one_call)


def _mean(rounds: Sequence["Round"], what: str) -> float:
    return fmean(
        {
            "rate": each.sample.value,
            "busy": each.share_of_core,
            "database": each.database_load.database_seconds / each.database_load.seconds,
            "connections": each.database_load.mean_busy_connections,
            "median": each.database_load.call_ms(50),
            "tail": each.database_load.call_ms(95),
        }[what]
        for each in rounds
    )


def _carried(behaviour: Behaviour, costs: Costs) -> str:
    core, connection = people_per_core(behaviour, costs), people_per_connection(behaviour, costs)
    registered = 1 / behaviour.present
    return table(
        [
            ["At the busiest hour, with the planned use", "people of a day", "users"],
            ["one core of the service", f"{core:,.0f}", f"**{core * registered:,.0f}**"],
            ["one connection to PostgreSQL", f"{connection:,.0f}", f"**{connection * registered:,.0f}**"],
        ]
    )


def _sums(sizes: Sequence[Size]) -> str:
    def row(name: str, *cells: str) -> list[str]:
        return [name, *cells]

    return table(
        [
            row("", *(f"{size.users:,} users" for size in sizes)),
            row("there on a day", *(f"{size.present:,.0f}" for size in sizes)),
            row("calls at the busiest hour", *(f"{size.calls:,.3f}/s" for size in sizes)),
            row("of these, logins", *(f"{size.logins:,.3f}/s" for size in sizes)),
            row("cores of the service", *(f"{size.cores:.2f}" for size in sizes)),
            row("copies of one core, one zone of three lost", *(f"{size.copies}" for size in sizes)),
            row("connections that are busy", *(f"{size.busy_connections:.2f}" for size in sizes)),
            row("cores of PostgreSQL", *(f"{size.database_cores:.2f}" for size in sizes)),
            row("write-ahead log", *(f"{size.wal_bytes / MEGABYTE:.3f} MB/s" for size in sizes)),
            row("users on disk", *(f"{size.user_bytes / MEGABYTE:,.2f} MB" for size in sizes)),
            row("sessions on disk", *(f"{size.session_bytes / MEGABYTE:,.2f} MB" for size in sizes)),
            row("cores, were all of a day to log in within an hour", *(f"{size.storm_cores:,.1f}" for size in sizes)),
        ]
    )


def _reading(behaviour: Behaviour) -> str:
    return f"""\
- The connections of the sums are those that are busy. A worker keeps `DB_POOL_MIN_CONN` open and opens up to
  `DB_POOL_MAX_CONN` (10), and one more for readiness: PostgreSQL must allow 11 for each, or a pooler stands between.
- A session is on disk for {behaviour.session_days:.0f} days at most: 90 that it may live, and 30 after its end.
- The last row is an accident that ended all sessions. Copies that lack the cores for it answer 503 with
  `Retry-After`; those who are logged in notice little, since hashes have the lowest priority.
"""
