"""The administrator's calls for dead letters."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.service import is_problem
from tests.integration.webhooks.administrator import ADMIN, LIST, Admin


async def test_dead_letters_are_listed_and_retried(admin: Admin) -> None:
    made, service = await admin.create(), admin.service
    service.sql("DELETE FROM outbox")
    for number in range(3):
        service.sql(
            "INSERT INTO outbox (message_id, channel, kind, payload, endpoint, dead_reason, died_at, attempts)"
            " VALUES (%s, 'webhook', 'user.registered', %s, %s, 'status_500', now(), 10)",
            *(uuid4(), b"" if number == 2 else b"{}", made["id"]),
        )
    service.sql(
        "INSERT INTO outbox (message_id, channel, kind, payload, dead_reason, died_at)"
        " VALUES (gen_random_uuid(), 'mail', 'invitation', '', 'expired', now())"
    )
    path = f"{ADMIN}/outbox"
    first = (await admin.call("GET", path, params={"page_size": 3})).json()
    rest = (await admin.call("GET", path, params={"after": first["pagination"]["next_cursor"]})).json()
    found = first["dead_letters"] + rest["dead_letters"]
    assert [(each["channel"], each["is_kept"]) for each in found] == [
        ("mail", False),
        ("webhook", False),
        ("webhook", True),
        ("webhook", True),
    ]
    assert rest["pagination"]["next_cursor"] is None
    of_webhook = (await admin.call("GET", path, params={"webhook_id": made["id"]})).json()["dead_letters"]
    assert of_webhook == found[1:]
    mail, erased, kept, oldest = (each["id"] for each in found)
    for message_id in (mail, erased, 999_999):
        assert is_problem(await admin.call("POST", f"{path}/{message_id}/retry"), 404, "dead_letter_not_found")
    assert (await admin.call("POST", f"{path}/{kept}/retry")).status_code == 204
    assert is_problem(await admin.call("POST", f"{path}/{kept}/retry"), 404, "dead_letter_not_found")
    again = await admin.call("POST", f"{path}/retry", json={"webhook_id": made["id"]})
    assert (again.status_code, again.json()) == (202, {"messages": 1})
    due = service.sql("SELECT id, attempts FROM outbox WHERE dead_reason IS NULL AND due_at <= now() ORDER BY id")
    assert due == [{"id": oldest, "attempts": 0}, {"id": kept, "attempts": 0}]


async def test_dead_letters_of_a_disabled_or_removed_webhook_are_not_retried(admin: Admin) -> None:
    path, service = f"{LIST}/{(await admin.create())['id']}", admin.service
    service.sql("UPDATE outbox SET dead_reason = 'status_500', died_at = now()")
    (before,) = service.sql("SELECT * FROM outbox")
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"{ADMIN}/outbox/{before['id']}/retry", {}),
        (f"{ADMIN}/outbox/retry", {"json": {"webhook_id": path.rpartition("/")[2]}}),
    ]
    assert (await admin.call("PATCH", path, json={"is_enabled": False})).status_code == 200
    for call, options in calls:
        assert is_problem(await admin.call("POST", call, **options), 409, "webhook_disabled")
    assert (await admin.call("DELETE", path)).status_code == 204
    for call, options in calls:
        assert is_problem(await admin.call("POST", call, **options), 404, "webhook_not_found")
    assert service.sql("SELECT * FROM outbox WHERE id = %s", before["id"]) == [before]


@pytest.mark.parametrize("after", ["0", "-1", "x", "9" * 19, "1" * 20, "1.5"])
async def test_an_invalid_cursor_of_dead_letters_is_refused(admin: Admin, after: str) -> None:
    assert (await admin.call("GET", f"{ADMIN}/outbox", params={"after": after})).status_code == 422


async def test_a_number_outside_the_range_of_message_ids_is_not_found(admin: Admin) -> None:
    assert (await admin.call("POST", f"{ADMIN}/outbox/{10**30}/retry")).status_code == 404


async def test_a_message_id_of_thousands_of_digits_is_not_found(admin: Admin) -> None:
    path = f"{ADMIN}/outbox/{'9' * 5000}/retry"
    assert is_problem(await admin.service.client.post(path), 404, "not_found")
    assert is_problem(await admin.call("POST", path), 404, "not_found")
