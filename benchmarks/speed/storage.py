"""The rows of a login in the database after a thousand refreshes."""

import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import requests

from benchmarks.accounts import REFRESH, Accounts
from benchmarks.plan import report_progress
from benchmarks.processes import CALL_SECONDS
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, running_service, user_id_of

REFRESHES: Final = 1_000
STATISTICS_SECONDS: Final = 30
"""Time after which PostgreSQL has written its statistics; its processes do so when they are idle."""


def measure_storage(accounts: Accounts, series: Series) -> None:
    """Refresh one session a thousand times; count its user's rows, and the table's pages."""
    report_progress(f"one login, {REFRESHES:,} refreshes")
    with running_service(accounts.url, settings=LIMITS_OUT_OF_REACH) as service, requests.Session() as client:
        pair = service.sign_in()
        user_id, token = user_id_of(pair.access_token), pair.refresh_token
        size, before = _table_bytes(accounts), _updates(accounts)
        for _ in range(REFRESHES):
            answer = client.post(f"{service.url}{REFRESH}", json={"refresh_token": token}, timeout=CALL_SECONDS)
            answer.raise_for_status()
            token = answer.json()["refresh_token"]
    deadline = time.monotonic() + STATISTICS_SECONDS
    while (after := _updates(accounts))["updated"] < before["updated"] + REFRESHES and time.monotonic() < deadline:
        time.sleep(0.2)
    updated, hot = (after[name] - before[name] for name in ("updated", "hot"))
    series.add("storage: rows of a login", Sample(_rows(accounts, user_id)))
    series.add("storage: HOT share of updates", Sample(hot / updated))
    series.add("storage: growth of the table in kB", Sample((_table_bytes(accounts) - size) / 1024))


def _updates(accounts: Accounts) -> Mapping[str, int]:
    row = accounts.connection.execute(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'"
    ).fetchone()
    return {"updated": row[0], "hot": row[1]} if row else {"updated": 0, "hot": 0}


def _table_bytes(accounts: Accounts) -> int:
    row = accounts.connection.execute("SELECT pg_table_size('sessions')").fetchone()
    return int(row[0]) if row else 0


def _rows(accounts: Accounts, user_id: UUID) -> int:
    row = accounts.connection.execute(
        "SELECT count(*) FROM sessions WHERE user_id = %(user_id)s", {"user_id": user_id}
    ).fetchone()
    return int(row[0]) if row else 0
