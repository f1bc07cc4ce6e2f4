"""The export: all data stored about a user at one point in time, and no data of other users."""

import asyncio
import errno
import tempfile
from dataclasses import fields
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

import psycopg
import pytest
from pydantic import BaseModel

from development.callers import caller_of
from development.client import ITEMS
from doorward.api.schemas.account_data import (
    ExportedBrowserSessionResponse,
    ExportedDeviceResponse,
    ExportedSessionResponse,
    ExportResponse,
)
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.repositories.personal_data import StoredBrowserSession, StoredDevice, StoredSession
from tests.integration.accounts.leaving import EXPORT, MOMENT, export
from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, facts, is_problem, mark

MEMBERS = [
    *("exported_at", "account", "sessions", "browser_sessions", "devices", "factors", "passkeys", "identities"),
    *("consents", "audit", "items"),
]

EXPORTED: dict[str, tuple[type[Any], type[BaseModel]]] = {
    "sessions": (StoredSession, ExportedSessionResponse),
    "devices": (StoredDevice, ExportedDeviceResponse),
    "browser_sessions": (StoredBrowserSession, ExportedBrowserSessionResponse),
}
LEFT_OUT = {"user_id", "epoch", "secret_hash", "generation", "code_secret_hash"}
LEFT_OUT_OF_USERS = {
    *("email_key", "username_key", "password_hash", "session_epoch"),
    *("deletion_due_at", "is_restorable"),  # accounts that are to be deleted have no session
}


async def add_item(owner: Owner, title: str) -> dict[str, Any]:
    answer = await owner.call("POST", ITEMS, json={"title": title, "tags": ["a", "b"], "year": 1942})
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


async def test_an_export_has_a_member_for_each_kind_of_data(owner: Owner, clock: FakeClock) -> None:
    item = await add_item(owner, mark())
    answer = await owner.call("POST", EXPORT)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="account.json"'
    assert answer.headers["cache-control"] == "no-store"
    exported = answer.json()
    assert list(exported) == MEMBERS
    assert datetime.fromisoformat(exported["exported_at"]) == clock.now()
    person = owner.person
    assert [exported["account"][name] for name in ("id", "email", "username")] == [
        person.id,
        person.email,
        person.username,
    ]
    (session,) = exported["sessions"]
    assert (session["address"], session["amr"]) == ("203.0.113.7", ["pwd"])
    (device,) = exported["devices"]
    assert device["id"] == session["device_id"]
    assert [(entry["type"], entry["personal"]) for entry in exported["audit"]] == [
        ("user.registered", {"client": "203.0.113.7"}),
        ("session.begun", {"client": "203.0.113.7"}),
    ]
    (exported_item,) = exported["items"]
    assert exported_item.items() >= {name: item[name] for name in ("id", "title", "tags", "year")}.items()


async def test_an_export_matches_the_documented_schema(owner: Owner) -> None:
    await add_item(owner, mark())
    exported = await export(owner)
    described = ExportResponse.model_validate(exported).model_dump(mode="json", by_alias=True)
    assert described.keys() == exported.keys()
    for name in ("sessions", "devices", "audit", "items"):
        assert [entry.keys() for entry in described[name]] == [entry.keys() for entry in exported[name]]
    assert described["account"].keys() == exported["account"].keys()


async def test_an_export_has_all_columns_but_secrets_and_internal_numbers(owner: Owner) -> None:
    """A new column is either exported or listed here."""
    service, person = owner.service, owner.person
    service.sql("UPDATE users SET roles = '{auditor}', external_id = %s WHERE id = %s", person.username, person.id)
    exported = await export(owner)
    account = exported["account"]
    assert (account["roles"], account["external_id"], account["second_factors"]) == (["auditor"], person.username, [])
    assert columns_of(service, "users") - {"second_factor"} - account.keys() == LEFT_OUT_OF_USERS
    for table, (stored, described) in EXPORTED.items():
        assert described.model_fields.keys() == {field.name for field in fields(stored)}
        assert columns_of(service, table) - described.model_fields.keys() == LEFT_OUT & columns_of(service, table)


def columns_of(service: Service, table: str) -> set[str]:
    query = "SELECT column_name AS name FROM information_schema.columns WHERE table_name = %s"
    return {row["name"] for row in service.sql(query, table)}


async def test_an_export_contains_no_data_of_other_users_and_no_secret(owner: Owner) -> None:
    other = await signed_in(owner.service)
    title = mark()
    await add_item(other, title)
    text = (await owner.call("POST", EXPORT)).text
    (row,) = owner.service.sql("SELECT password_hash FROM users WHERE id = %s", owner.person.id)
    secrets = (row["password_hash"], owner.person.password, owner.pair.access, owner.pair.refresh)
    for foreign in (other.person.id, other.person.email, other.person.username, title, *secrets):
        assert foreign not in text


async def test_ended_sessions_are_exported_while_they_are_stored(owner: Owner) -> None:
    other = await owner.service.log_in(owner.person)
    await owner.service.post_revoke(other.refresh)
    assert {session["end_reason"] for session in (await export(owner))["sessions"]} == {None, "logout"}


async def test_an_export_is_recorded_after_it_is_complete(owner: Owner, logs: Logs) -> None:
    assert "user.exported" not in {entry["type"] for entry in (await export(owner))["audit"]}
    assert (await export(owner))["audit"][-1]["type"] == "user.exported"
    first, _ = events(logs, "accounts.export.made")
    assert facts(first, "outcome", "user_id") == ("success", owner.person.id)


async def test_an_operator_is_exported_without_a_name(owner: Owner) -> None:
    owner.service.sql(
        "INSERT INTO audit_events (type, version, user_id, actor, data)"
        " VALUES ('login.unthrottled', 1, %s, 'operator:root', '{}')",
        UUID(owner.person.id),
    )
    exported = await export(owner)
    assert exported["audit"][-1]["actor"] == "operator"
    assert exported["audit"][1]["actor"] == owner.person.id


async def test_an_export_needs_a_recent_proof(owner: Owner, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=5) + MOMENT)
    assert is_problem(await owner.call("POST", EXPORT), 401, "reauthentication_required")


async def test_three_exports_an_hour_are_allowed_for_one_address(make_service: MakeService) -> None:
    owner = await signed_in(await make_service(rate_limit_enabled=True))
    answers = [await owner.call("POST", EXPORT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def test_an_export_is_consistent_while_rows_change(service_alone: Service) -> None:
    """The items are read after the account: changes committed in between do not appear."""
    owner = await signed_in(service_alone)
    item, caller = (
        await add_item(owner, mark()),
        await caller_of(owner.service.app.state.services.authentication, owner.pair.access),
    )
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        # Reading the sessions waits for this commit; the account was read before.
        await other.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        await other.execute("DELETE FROM items WHERE id = %s", [item["id"]])
        await other.execute("UPDATE users SET username = 'renamed' WHERE id = %s", [owner.person.id])
        services = service_alone.app.state.services
        file = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - closed below
        writing = asyncio.create_task(services.account_data.export.write(caller, file))
        await service_alone.locks_are_waited_for(1)
    await writing
    file.seek(0)
    exported = ExportResponse.model_validate_json(file.read())
    file.close()
    assert exported.account.username == owner.person.username
    assert [str(each.id) for each in exported.items] == [item["id"]]


async def test_a_session_that_ended_meanwhile_gets_no_export(owner: Owner) -> None:
    service = owner.service
    caller = await caller_of(owner.service.app.state.services.authentication, owner.pair.access)
    await service.deactivate(owner.person)
    with tempfile.TemporaryFile() as file, pytest.raises(InvalidAccessTokenError):
        await service.app.state.services.account_data.export.write(caller, file)
    types = service.sql("SELECT type FROM audit_events WHERE user_id = %s", owner.person.id)
    assert {"type": "user.exported"} not in types


async def test_an_export_is_refused_while_all_bulk_slots_are_taken_and_can_be_retried(owner: Owner) -> None:
    database = owner.service.database
    with database.bulk_slot(), database.bulk_slot():
        answer = await owner.call("POST", EXPORT)
        assert is_problem(answer, 503, "service_unavailable")
        assert "retry-after" in answer.headers
    assert (await owner.call("POST", EXPORT)).status_code == 200


async def test_a_full_disk_is_answered_503_and_no_export_is_recorded(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    class Full:
        def write(self, _content: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            """Do nothing."""

    def full(**_options: object) -> IO[bytes]:
        return Full()  # type: ignore[return-value] # implements only what is used

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    assert is_problem(await owner.call("POST", EXPORT), 503, "service_unavailable")
    assert events(logs, "http.body.not_stored")
    assert events(logs, "accounts.export.made") == []


async def test_an_export_of_many_rows_is_complete(owner: Owner) -> None:
    owner.service.sql(
        "INSERT INTO items (id, owner_id, title, description, tags, visibility, version, created_at, updated_at)"
        " SELECT gen_random_uuid(), %s, 'Item ' || number, repeat('\u00e4', 1000), '{}', 'private', 1, now(), now()"
        " FROM generate_series(1, 1500) AS number",
        UUID(owner.person.id),
    )
    exported = await export(owner)
    assert len({item["id"] for item in exported["items"]}) == 1500
    assert exported["items"][0]["description"] == "\u00e4" * 1000
