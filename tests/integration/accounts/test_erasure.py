"""The end of the grace period: the account is deleted, and no personal data stays."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import sql

from development.client import AUTH, PASSWORD, ApiClient, Person, pair
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.accounts.erasure import Erasure
from doorward.domain.accounts.mail_budgets import MailBudgetRetention
from doorward.domain.outbox.retention import DeadLetterRetention
from tests.integration.accounts.leaving import MOMENT, cancel, erase_after_the_grace, leave, restore_token, stored
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.mailbox import make_service_with_mail, next_mail
from tests.integration.service import Logs, MakeService, Service, events, facts, mark

ADDRESS: Final = "198.51.100.201"


async def test_the_account_is_deleted_exactly_at_the_end_of_the_grace_period(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    await leave(owner)
    erasure = Erasure(database=service_alone.database, clock=service_alone.clock)
    service_alone.clock.advance(GRACE - MOMENT)
    assert await erasure.erase() == 0
    assert stored(owner)
    service_alone.clock.advance(MOMENT)
    assert await erasure.erase() == 1
    assert stored(owner) == []
    assert await erasure.erase() == 0


async def test_restored_accounts_and_accounts_without_a_deletion_stay(service_alone: Service) -> None:
    leaver, restored, stayer = [await signed_in(service_alone) for _ in range(3)]
    for owner in (leaver, restored):
        await leave(owner)
    assert (await cancel(service_alone, await restore_token(restored))).status_code == 204
    assert await erase_after_the_grace(service_alone) == 1
    assert [len(stored(owner)) for owner in (leaver, restored, stayer)] == [0, 1, 1]


async def test_a_due_account_is_deleted_if_deactivated_but_not_if_activated_again(
    service_alone: Service,
) -> None:
    barred, kept = [await signed_in(service_alone) for _ in range(2)]
    for owner in (barred, kept):
        await leave(owner)
    await service_alone.deactivate(barred.person)
    await service_alone.activate(kept.person)
    assert await erase_after_the_grace(service_alone) == 1
    assert [len(stored(owner)) for owner in (barred, kept)] == [0, 1]


async def test_a_user_is_either_restored_or_deleted(service_alone: Service) -> None:
    """The deletion waits for an operator's activation that holds the row, and then skips the account."""
    owner = await signed_in(service_alone)
    await leave(owner)
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as operator:
        await operator.execute(
            "UPDATE users SET is_active = true, deletion_due_at = NULL WHERE id = %s", [owner.person.id]
        )
        erasure = asyncio.create_task(erase_after_the_grace(service_alone))
        await service_alone.locks_are_waited_for(1)
    assert await erasure == 0
    assert len(stored(owner)) == 1


async def test_an_account_that_cannot_be_deleted_does_not_delay_others(service_alone: Service) -> None:
    stuck, other = [await signed_in(service_alone) for _ in range(2)]
    await leave(stuck)
    service_alone.clock.advance(timedelta(seconds=1))
    await leave(other)
    service_alone.sql("CREATE TABLE kept (user_id uuid REFERENCES users (id))")
    service_alone.sql("INSERT INTO kept VALUES (%s)", stuck.person.id)
    with pytest.raises(ServiceUnavailableError):
        await erase_after_the_grace(service_alone)
    assert [len(stored(owner)) for owner in (stuck, other)] == [1, 0]
    entries = service_alone.sql("SELECT personal FROM audit_events WHERE user_id = %s", stuck.person.id)
    assert {"client": "203.0.113.7"} in [row["personal"] for row in entries]


async def test_accounts_that_cannot_be_deleted_do_not_count_toward_those_of_a_run(service_alone: Service) -> None:
    owners = [await signed_in(service_alone) for _ in range(4)]
    for owner in owners:
        await leave(owner)
    service_alone.sql("CREATE TABLE kept (user_id uuid REFERENCES users (id))")
    service_alone.sql("INSERT INTO kept SELECT id FROM users ORDER BY deletion_due_at, id LIMIT 2")
    service_alone.clock.advance(GRACE)
    erasure = Erasure(database=service_alone.database, clock=service_alone.clock, users_per_run=1)
    for left in (3, 2, 2):
        with pytest.raises(ServiceUnavailableError):
            await erasure.erase()
        assert sum(len(stored(owner)) for owner in owners) == left
    service_alone.sql("DELETE FROM kept")
    assert await erasure.erase() == 1


async def test_the_deletion_event_contains_only_the_id(service_alone: Service, logs: Logs) -> None:
    owner = await signed_in(service_alone)
    await leave(owner)
    await erase_after_the_grace(service_alone)
    rows = service_alone.sql(
        "SELECT type, actor, session_id, correlation_id, data, personal FROM audit_events"
        " WHERE user_id = %s ORDER BY id DESC LIMIT 1",
        owner.person.id,
    )
    nothing: dict[str, object] = {
        "actor": None,
        "session_id": None,
        "correlation_id": None,
        "data": {},
        "personal": None,
    }
    assert rows == [{"type": "user.deleted", **nothing}]
    (line,) = events(logs, "accounts.deletion.done")
    assert facts(line, "outcome", "target_user_id") == ("success", owner.person.id)


async def test_username_and_address_are_available_after_the_deletion(service_alone: Service) -> None:
    owner = await signed_in(service_alone)
    await leave(owner)
    await erase_after_the_grace(service_alone)
    answer = await service_alone.post_account(owner.person)
    assert answer.status_code == 201
    assert answer.json()["id"] != owner.person.id


async def test_rows_of_every_table_that_refers_to_users_are_deleted_with_them(service_alone: Service) -> None:
    rules = service_alone.sql(
        "SELECT conrelid::regclass::text AS name, confdeltype::text AS rule FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = 'users'::regclass"
    )
    assert {row["name"] for row in rules} >= {"sessions", "devices", "one_time_tokens", "email_changes", "items"}
    assert {row["rule"] for row in rules} == {"c"}


async def test_a_database_dump_and_the_log_contain_no_personal_data_after_the_deletion(
    make_service: MakeService, own_database: str, tmp_path: Path, logs: Logs
) -> None:
    service = await make_service_with_mail(make_service, tmp_path, database_url=own_database)
    owner, marks = await create_personal_data(service)
    assert {name for name, text in marks.items() if text in dump(own_database)} == set(marks)
    await leave(owner)
    await next_mail(service, owner.person.email, "deleted")
    await erase_after_the_grace(service)
    await MailBudgetRetention(database=service.database, clock=service.clock).prune()
    await DeadLetterRetention(database=service.database, clock=service.clock).prune()
    left = dump(own_database)
    assert {name for name, text in marks.items() if text in left} == set()
    assert owner.person.id in left, "the audit log keeps the id"
    # The log contains client addresses and request ids by design.
    log = logs.getvalue()
    unlogged = marks.keys() - {"address", "request id"}
    assert {name for name in unlogged if marks[name] in log} == set()


async def create_personal_data(service: Service) -> tuple[Owner, dict[str, str]]:
    """Store data of a person in every table that can have it; return texts that identify the data."""
    marks = {name: mark() for name in ("email", "username", "user agent", "item", "pending", "request id")}
    client = ApiClient(service.client_at(ADDRESS))
    client.client.headers.update({"User-Agent": marks["user agent"], "X-Correlation-ID": marks["request id"]})
    email, username = f"{marks['email']}@example.com", marks["username"]
    registered = await client.post_register(username, email, PASSWORD)
    person = Person(registered.json()["id"], email, username, PASSWORD)
    await service.write("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    tokens = pair(await client.post_login(person))
    item = {"title": marks["item"], "description": marks["item"], "tags": [marks["item"]]}
    assert (await client.items(tokens.access, "POST", json=item)).status_code == 201
    assert (await client.call("POST", f"{AUTH}/password/forgot", json={"email": email})).status_code == 202
    await next_mail(service, email, "password")
    assert (await client.post_token(username, f"not {PASSWORD}")).status_code == 401
    await service.write(
        "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at)"
        " SELECT id, %s, %s, created_at, created_at FROM users WHERE id = %s",
        *(f"{marks['pending']}@example.com", f"{marks['pending']}@example.com", person.id),
    )
    (row,) = service.sql("SELECT password_hash FROM users WHERE id = %s", person.id)
    marks |= {"address": ADDRESS, "password hash": row["password_hash"]}
    return Owner(service, person, tokens), marks


def dump(url: str) -> str:
    """Return all rows of all tables as text."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(names) > 10
        rows = [
            connection.execute(sql.SQL("SELECT each::text FROM {} AS each").format(sql.Identifier(name))).fetchall()
            for (name,) in names
        ]
    return "\n".join(text for table in rows for (text,) in table)
