"""The audit log over HTTP: by user, type, actor and time, in pages."""

from typing import Any

import pytest

from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import AUDIT, signed_in_with, user
from tests.integration.service import Service, is_problem
from tests.plain_ids import plain_id


async def entries(reader: Owner, path: str = AUDIT, **parameters: Any) -> list[dict[str, Any]]:
    answer = await reader.call("GET", path, params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


async def test_an_action_of_an_administrator_is_recorded_with_the_administrator(admin: Owner, service: Service) -> None:
    person = await service.register()
    await admin.call("POST", user(person, "deactivate"))
    auditor = await signed_in_with(service, "auditor")
    (entry,) = await entries(auditor, user_id=person.id, type="user.deactivated")
    assert (entry["actor"], entry["user_id"], entry["data"]) == (admin.person.id, person.id, {"count": 0})
    assert entry["correlation_id"]
    by_actor = await entries(auditor, actor=admin.person.id)
    assert by_actor[0] == entry
    assert {each["actor"] for each in by_actor} == {admin.person.id}


async def test_entries_are_narrowed_by_time_and_shown_with_the_address(admin: Owner, service: Service) -> None:
    person, _ = await service.register_and_log_in()
    (begun, registered) = await entries(admin, user(person, "audit"))
    assert (begun["type"], begun["address"]) == ("session.begun", "203.0.113.7")
    later = await entries(admin, user_id=person.id, since=begun["occurred_at"])
    assert [each["id"] for each in later] == [begun["id"]]
    earlier = await entries(admin, user_id=person.id, until=begun["occurred_at"])
    assert [each["id"] for each in earlier] == [registered["id"]]


async def test_pages_follow_each_other(admin: Owner, service: Service) -> None:
    person = await service.register()
    for _ in range(4):
        await service.log_in(person)
    found, after = [], ""
    while after is not None:
        page = (await admin.call("GET", user(person, "audit"), params={"page_size": 2, "after": after})).json()
        found += [each["id"] for each in page["entries"]]
        after = page["pagination"]["next_cursor"]
    assert len(found) == 5
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "odd", [{"type": "\x00"}, {"actor": "\x00"}, {"type": "no.such"}, {"actor": "nobody"}], ids=plain_id
)
async def test_a_filter_with_an_impossible_value_finds_no_entry(admin: Owner, odd: dict[str, str]) -> None:
    assert await entries(admin, **odd) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"user_id": "ada"},
        {"since": "yesterday"},
        {"until": "0.5"},
        {"since": "2026-01-01T00:00:00"},
        {"page_size": "1000"},
        {"q": "x"},
    ],
    ids=str,
)
async def test_invalid_parameters_are_refused(admin: Owner, parameters: dict[str, str]) -> None:
    answer = await admin.call("GET", AUDIT, params=parameters)
    assert is_problem(answer, 422, "invalid_request")
