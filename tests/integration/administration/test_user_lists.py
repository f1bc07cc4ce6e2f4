"""Users are found by a part of their names and by exact filters, in pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from doorward.core.pages import CursorCodec
from doorward.domain.administration.exceptions import UserQueryTooBroadError
from doorward.domain.administration.models import UserQuery, UserStatus
from doorward.domain.administration.repositories import lists
from doorward.domain.administration.search import MAXIMUM_COUNTED_USERS, UserSearch
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import USERS, names, signed_in_with
from tests.integration.service import Service, is_problem, mark

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
ADD_MANY = """
    INSERT INTO users (id, email, email_key, username, username_key, password_hash, created_at)
    SELECT gen_random_uuid(), word || n || '@example.com', word || n || '@example.com', word || n, word || n, '!',
           timestamptz '2026-01-01' + n * interval '1 minute'
    FROM generate_series(1, %s) AS n, (VALUES (%s)) AS words (word)
"""


async def listed(admin: Owner, **parameters: Any) -> httpx.Response:
    return await admin.call("GET", USERS, params=parameters)


@pytest.fixture
def many(service: Service) -> str:
    """The prefix of the names of 25 users."""
    word = mark()[:12]
    service.sql(ADD_MANY, 25, word)
    return word


async def test_pages_have_no_gaps_and_no_duplicates(admin: Owner, many: str) -> None:
    found: list[str] = []
    after, totals = "", set()
    while True:
        page = (await listed(admin, q=many, page_size=10, after=after)).json()
        found += [each["username"] for each in page["users"]]
        totals.add((page["pagination"]["total"], page["pagination"]["total_is_estimate"]))
        after = page["pagination"]["next_cursor"]
        if after is None:
            break
    assert found == [f"{many}{number}" for number in range(25, 0, -1)]
    assert totals == {(25, False)}


async def test_users_created_at_the_same_time_are_neither_skipped_nor_repeated(
    admin: Owner, many: str, service: Service
) -> None:
    service.sql("UPDATE users SET created_at = '2026-01-01' WHERE username LIKE %s", f"{many}%")
    after, found = "", []
    while after is not None:
        page = (await listed(admin, q=many, page_size=3, after=after)).json()
        found += [each["id"] for each in page["users"]]
        after = page["pagination"]["next_cursor"]
    assert len(found) == len(set(found)) == 25


async def test_a_part_of_the_name_or_the_address_finds_a_user_in_any_spelling(admin: Owner, service: Service) -> None:
    word = mark()[:14]
    service.sql(ADD_MANY, 1, word)
    rename = "UPDATE users SET username = 'Zz' || username, username_key = 'zz' || username_key WHERE username_key = %s"
    service.sql(rename, f"{word}1")
    for part in (word, word[2:9], word.upper(), f"zz{word[:3]}", f"{word}1@exam", f"  {word} "):
        assert f"Zz{word}1" in names(await listed(admin, q=part)), part
    for part in (f"{word}%", f"{word[:4]}_{word[5:]}", f"{word}\\1", f"x{word}"):
        assert names(await listed(admin, q=part)) == [], part


@pytest.mark.parametrize("part", ["", "a", "ab", "a.b", "---", "a b c", "__x", "é-", "\x00\x00\x00", "abc\x00"])
async def test_a_part_without_three_letters_in_a_row_is_refused(admin: Owner, part: str) -> None:
    assert is_problem(await listed(admin, q=part), 422, "query_too_short")


async def test_exact_filters_find_one_user_in_any_spelling_or_none(admin: Owner, service: Service) -> None:
    person = await service.register()
    service.sql("UPDATE users SET external_id = %s WHERE id = %s", person.username, person.id)
    for found in (
        await listed(admin, email=person.email.upper()),
        await listed(admin, username=person.username.upper()),
        await listed(admin, external_id=person.username),
        await listed(admin, email=person.email, username=person.username, status="active", verified="false"),
    ):
        assert names(found) == [person.username]
    for missed in (
        await listed(admin, email="no address"),
        await listed(admin, username="-\x00-"),
        await listed(admin, external_id="x\x00"),
        await listed(admin, role="no role"),
        await listed(admin, role="\x00"),
        await listed(admin, email=person.email, verified="true"),
        await listed(admin, email=person.email, status="deactivated"),
    ):
        assert missed.json()["users"] == []
        assert missed.json()["pagination"]["total"] == 0


async def test_filters_of_state_role_and_time_narrow_the_list(admin: Owner, service: Service, many: str) -> None:
    service.sql("UPDATE users SET is_active = false WHERE username = ANY(%s)", [f"{many}1", f"{many}2"])
    service.sql("UPDATE users SET deletion_due_at = now() WHERE username = %s", f"{many}2")
    verify = "UPDATE users SET email_verified_at = now(), roles = '{support,auditor}' WHERE username = %s"
    service.sql(verify, f"{many}3")
    assert names(await listed(admin, q=many, status="deactivated")) == [f"{many}1"]
    assert names(await listed(admin, q=many, status="deletion_pending")) == [f"{many}2"]
    assert len(names(await listed(admin, q=many, status="active", page_size=100))) == 23
    assert names(await listed(admin, q=many, verified="true")) == [f"{many}3"]
    assert len(names(await listed(admin, q=many, verified="false", page_size=100))) == 24
    assert names(await listed(admin, q=many, role="auditor")) == [f"{many}3"]
    since, until = "2026-01-01T00:04:00Z", "2026-01-01T00:06:00Z"
    assert names(await listed(admin, q=many, created_since=since, created_until=until)) == [f"{many}5", f"{many}4"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"status": "gone"},
        {"verified": "perhaps"},
        {"page_size": "0"},
        {"page_size": "101"},
        {"created_since": "yesterday"},
        {"created_since": "2026-01-01T00:00:00"},
        {"created_since": "2026-01-01"},
        {"created_until": "1767225600"},
        {"created_until": "0.5"},
        {"sort": "email"},
    ],
    ids=str,
)
async def test_invalid_parameters_are_refused(admin: Owner, parameters: dict[str, str]) -> None:
    assert is_problem(await listed(admin, **parameters), 422, "invalid_request")


async def test_an_invalid_cursor_or_one_of_another_list_is_refused(admin: Owner, many: str) -> None:
    page = (await listed(admin, q=many, page_size=1)).json()
    cursor = page["pagination"]["next_cursor"]
    for odd in (cursor[:-1], f"{cursor}A", "made-up", "\x00"):
        assert is_problem(await listed(admin, after=odd), 422, "invalid_cursor")
    audit = await admin.call("GET", "/api/v1/admin/audit", params={"after": cursor})
    assert is_problem(audit, 422, "invalid_cursor")


async def test_a_long_list_is_counted_up_to_a_thousand_and_estimated_beyond(service_alone: Service) -> None:
    admin = await signed_in_with(service_alone, "admin")
    service_alone.sql(ADD_MANY, MAXIMUM_COUNTED_USERS - 1, "counted")
    service_alone.sql("ANALYZE users")
    exact = (await listed(admin)).json()["pagination"]
    assert (exact["total"], exact["total_is_estimate"]) == (MAXIMUM_COUNTED_USERS, False)
    service_alone.sql(ADD_MANY, 2000, "estimated")
    service_alone.sql("ANALYZE users")
    about = (await listed(admin, q="estimated")).json()["pagination"]
    assert about["total_is_estimate"] is True
    assert MAXIMUM_COUNTED_USERS < about["total"] <= 3 * MAXIMUM_COUNTED_USERS


@pytest.mark.parametrize(("seconds", "total"), [(3600, (2000, False)), (0, None)], ids=["a while", "never"])
async def test_the_estimate_of_a_list_is_cached(
    service_alone: Service, seconds: float, total: tuple[int, bool] | None
) -> None:
    cursors = CursorCodec(b"k" * 32)
    search = UserSearch(database=service_alone.database, cursors=cursors, estimate_seconds=seconds)
    wanted = UserQuery(part="again")
    assert (await search.search(wanted, after="", page_size=1)).total == 0
    service_alone.sql(ADD_MANY, 2000, "again")
    service_alone.sql("ANALYZE users")
    found = await search.search(wanted, after="", page_size=1)
    # A small cached estimate leads to an exact count.
    assert found.total_is_estimate is (total is None)
    assert total is None or (found.total, found.total_is_estimate) == total


async def test_a_cursor_to_removed_users_gives_an_empty_page_and_an_estimated_total(
    admin: Owner, many: str, service: Service
) -> None:
    cursor = (await listed(admin, q=many, page_size=10)).json()["pagination"]["next_cursor"]
    service.sql("DELETE FROM users WHERE username = ANY(%s)", [f"{many}{number}" for number in range(1, 16)])
    page = (await listed(admin, q=many, after=cursor)).json()
    assert (page["users"], page["pagination"]["next_cursor"]) == ([], None)
    assert page["pagination"]["total_is_estimate"] is True


async def test_a_search_that_exceeds_its_time_limit_is_refused_without_a_server_error(service_alone: Service) -> None:
    service_alone.sql(ADD_MANY, 10, "patience")
    wanted = UserQuery(part="%patience%")
    async with service_alone.database.connection() as connection:
        await connection.execute("SET statement_timeout = 50")
        async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
            await holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(UserQueryTooBroadError):
                await lists.list_users(connection, wanted, after=None, limit=1)
            with pytest.raises(UserQueryTooBroadError):
                await lists.list_counted_users(connection, wanted, after=None, limit=1)
        await connection.execute("RESET statement_timeout")


async def test_a_list_reads_few_rows_at_any_number_of_users(service_alone: Service) -> None:
    service_alone.sql(ADD_MANY, 20_000, "anybody")
    service_alone.sql("UPDATE users SET is_active = false WHERE username LIKE '%%77'")
    service_alone.sql("UPDATE users SET roles = '{support}' WHERE username LIKE '%%55'")
    service_alone.sql("VACUUM ANALYZE users")
    for wanted in (
        UserQuery(),
        UserQuery(part="%body1234%"),
        UserQuery(part="%anybody%"),
        UserQuery(status=UserStatus.DEACTIVATED),
        UserQuery(status=UserStatus.DELETION_PENDING),
        UserQuery(status=UserStatus.ACTIVE),
        UserQuery(role="support"),
        UserQuery(is_verified=False),
        UserQuery(is_verified=True),
        UserQuery(email="anybody7@example.com"),
        UserQuery(username="anybody7"),
        UserQuery(external_id="none"),
        UserQuery(created_since=BEGINNING, created_until=BEGINNING + timedelta(days=1)),
    ):
        async with service_alone.database.transaction() as connection:
            await lists.list_users(connection, wanted, after=None, limit=20)
            cursor = await connection.execute(
                "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'users'"
            )
            row = await cursor.fetchone()
        assert row is not None
        assert row[0] <= 500, wanted
