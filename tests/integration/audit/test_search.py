"""Searches of the audit log by user, type, actor and time, in pages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from doorward.domain.audit import repository
from doorward.domain.audit.models import AuditQuery
from doorward.domain.audit.search import AuditSearch
from tests.integration.audit.trail import PlainDatabase

ADA, BOB = uuid4(), uuid4()
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
OPERATOR = "operator:root"


def moment(hours: int) -> datetime:
    return BEGINNING + timedelta(hours=hours)


@pytest.fixture
def search(own_database: str) -> AuditSearch:
    """The search in a log with six entries, one per hour."""
    entries: list[tuple[str, UUID, str]] = [
        ("user.registered", ADA, str(ADA)),
        ("user.registered", BOB, str(BOB)),
        ("session.begun", ADA, str(ADA)),
        ("session.begun", BOB, str(BOB)),
        ("user.deactivated", ADA, OPERATOR),
        ("user.activated", ADA, OPERATOR),
    ]
    with psycopg.connect(own_database) as connection:
        for hours, (kind, user, actor) in enumerate(entries):
            connection.execute(
                "INSERT INTO audit_events (type, version, user_id, actor, data, occurred_at) "
                "VALUES (%s, 1, %s, %s, '{}', %s)",
                [kind, user, actor, moment(hours)],
            )
    return AuditSearch(database=PlainDatabase(own_database))


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        (AuditQuery(), [5, 4, 3, 2, 1, 0]),
        (AuditQuery(user_id=ADA), [5, 4, 2, 0]),
        (AuditQuery(user_id=uuid4()), []),
        (AuditQuery(type="session.begun"), [3, 2]),
        (AuditQuery(actor=OPERATOR), [5, 4]),
        (AuditQuery(since=moment(1), until=moment(4)), [3, 2, 1]),
        (AuditQuery(user_id=ADA, type="session.begun", actor=str(ADA), since=moment(2), until=moment(3)), [2]),
    ],
)
async def test_entries_are_filtered_and_the_latest_is_first(
    search: AuditSearch, query: AuditQuery, hours: list[int]
) -> None:
    assert [entry.occurred_at for entry in await search.search(query, limit=10)] == [moment(each) for each in hours]


async def test_a_page_continues_after_the_previous_one(search: AuditSearch) -> None:
    query, before, found = AuditQuery(user_id=ADA), None, []
    while page := await search.search(query, before=before, limit=3):
        assert len(page) <= 3
        found += [entry.occurred_at for entry in page]
        before = page[-1].id
    assert found == [moment(each) for each in (5, 4, 2, 0)]


ENTRIES, USERS, PAGE = 20_000, 1000, 5
FILL = """
INSERT INTO audit_events (type, version, user_id, data)
SELECT 'session.begun', 1, (%s::uuid[])[1 + number %% %s], '{}' FROM generate_series(1, %s) AS number
"""


async def rows_read(connection: repository.Connection, query: AuditQuery, before: int | None) -> int:
    """Return the number of rows that one page reads from the table."""

    async def counted() -> int:
        cursor = await connection.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'audit_events'"
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    earlier = await counted()
    assert len(await repository.list_entries(connection, query, before=before, limit=PAGE)) == PAGE
    return await counted() - earlier


async def test_a_page_reads_only_its_own_rows_at_any_depth(own_database: str) -> None:
    users = [uuid4() for _ in range(USERS)]
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute(FILL, [users, USERS, ENTRIES])
        connection.execute("ANALYZE audit_events")
    async with PlainDatabase(own_database).transaction() as connection:
        for query in (AuditQuery(), AuditQuery(user_id=users[0])):
            for before in (None, ENTRIES // 2):
                assert await rows_read(connection, query, before) <= ENTRIES // USERS
