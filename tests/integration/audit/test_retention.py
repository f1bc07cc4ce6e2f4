"""Audit events older than the retention are removed in batches, and an entry records their number."""

from datetime import timedelta

import psycopg
import pytest

from doorward.domain.audit.retention import AuditRetention
from tests.integration.audit.trail import PlainDatabase
from tests.integration.service import FakeClock

RETENTION = timedelta(days=400)


@pytest.fixture
def url(own_database: str, clock: FakeClock) -> str:
    """The URL of a database with an audit entry for each of the last ten days."""
    with psycopg.connect(own_database) as connection:
        for days in range(10, 0, -1):
            connection.execute(
                "INSERT INTO audit_events (type, version, data, occurred_at) VALUES ('session.begun', 1, '{}', %s)",
                [clock.now() - timedelta(days=days)],
            )
    return own_database


def retention(url: str, clock: FakeClock, *, entries_a_batch: int = 100) -> AuditRetention:
    return AuditRetention(
        database=PlainDatabase(url), clock=clock, retention=RETENTION, entries_a_batch=entries_a_batch
    )


def counts(url: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT type, count(*) FROM audit_events GROUP BY type ORDER BY type").fetchall()


async def test_an_entry_is_kept_for_the_retention_and_then_removed(url: str, clock: FakeClock) -> None:
    clock.advance(RETENTION - timedelta(days=5))
    assert await retention(url, clock).prune() == 5
    assert counts(url) == [("audit.pruned", 1), ("session.begun", 5)]
    with psycopg.connect(url) as connection:
        kept = connection.execute("SELECT min(occurred_at) FROM audit_events").fetchone()
        data = connection.execute("SELECT data FROM audit_events WHERE type = 'audit.pruned'").fetchone()
    assert kept == (clock.now() - RETENTION,)
    assert data == ({"count": 5},)


async def test_without_old_entries_nothing_is_recorded(url: str, clock: FakeClock) -> None:
    assert await retention(url, clock).prune() == 0
    assert counts(url) == [("session.begun", 10)]


@pytest.mark.parametrize("entries_a_batch", [1, 3, 5, 6])
async def test_batches_remove_all_old_entries(url: str, clock: FakeClock, entries_a_batch: int) -> None:
    clock.advance(RETENTION - timedelta(days=5))
    assert await retention(url, clock, entries_a_batch=entries_a_batch).prune() == 5
    with psycopg.connect(url) as connection:
        told = connection.execute(
            "SELECT sum((data ->> 'count')::int), max((data ->> 'count')::int) FROM audit_events "
            "WHERE type = 'audit.pruned'"
        ).fetchone()
    assert told == (5, min(entries_a_batch, 5))
