"""The administrator's calls for webhooks."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.service import Service, is_problem
from tests.integration.webhook_receiver import Receiver, answer_of, receiving
from tests.integration.webhooks.administrator import ADMIN, LIST, URL, Admin, signed_in


async def test_a_webhook_is_added_read_changed_and_deleted(admin: Admin) -> None:
    made = await admin.create(description="Shop", types=["user.registered"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    path = f"{LIST}/{made['id']}"
    read = await admin.call("GET", path)
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    assert (await admin.call("GET", LIST)).json() == {"webhooks": [made]}
    assert (await admin.call("GET", path, headers={"If-None-Match": '"1"'})).status_code == 304
    changes = {"types": None, "is_enabled": False}
    changed = await admin.call("PATCH", path, json=changes, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json() == made | changes | {
        "version": 2,
        "disabled_reason": "operator",
        "disabled_at": changed.json()["disabled_at"],
        "updated_at": changed.json()["updated_at"],
    }
    assert (await admin.call("DELETE", path, headers={"If-Match": '"2"'})).status_code == 204
    assert is_problem(await admin.call("GET", path), 404, "webhook_not_found")
    entries = admin.service.sql("SELECT data, actor FROM audit_events WHERE type = 'webhook.changed' ORDER BY id")
    assert [entry["data"]["change"] for entry in entries] == ["created", "changed", "deleted"]
    assert len({entry["actor"] for entry in entries}) == 1


async def test_a_stale_version_changes_nothing(admin: Admin) -> None:
    path = f"{LIST}/{(await admin.create())['id']}"
    stale = {"headers": {"If-Match": '"7"'}}
    answers = [
        await admin.call("GET", path, **stale),
        await admin.call("PATCH", path, json={"description": "other"}, **stale),
        await admin.call("POST", f"{path}/rotate-secret", **stale),
        await admin.call("DELETE", path, **stale),
    ]
    assert all(is_problem(answer, 412, "stale_webhook") for answer in answers)
    assert (await admin.call("GET", path)).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "ftp://example.com/"}, "invalid_webhook_url"),
        ({"url": "https://ada:secret@example.com/"}, "invalid_webhook_url"),
        ({"url": "https://10.0.0.1/"}, "webhook_address_refused"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "webhook_address_refused"),
        ({"url": "http://93.184.216.34/"}, "webhook_address_refused"),
        ({"url": URL, "types": ["user.invented"]}, "unknown_event_type"),
        ({"url": URL, "types": []}, "unknown_event_type"),
        ({"url": URL, "description": "x" * 201}, "invalid_webhook_description"),
        ({"url": URL, "secret": "whsec_mine"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
    ids=["scheme", "credentials", "internal", "mapped", "public http", "type", "no types", "long", "secret", "no url"],
)
async def test_an_invalid_webhook_is_refused_with_its_own_code(admin: Admin, body: dict[str, Any], code: str) -> None:
    answer = await admin.call("POST", LIST, json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    made = await admin.create()
    if "url" in body and code != "invalid_request":
        again = await admin.call("PATCH", f"{LIST}/{made['id']}", json=body)
        assert (again.status_code, again.json()["code"]) == (422, code)


async def test_the_number_of_webhooks_is_limited_to_50(admin: Admin) -> None:
    admin.service.sql(
        "INSERT INTO webhook_endpoints (id, url, description, secret, created_at, updated_at)"
        " SELECT gen_random_uuid(), 'https://example.com', '', '', now(), now() FROM generate_series(1, 49)"
    )
    await admin.create()
    assert is_problem(await admin.call("POST", LIST, json={"url": URL}), 409, "too_many_webhooks")


async def test_a_rotation_shows_another_secret_once(admin: Admin) -> None:
    made = await admin.create()
    rotated = (await admin.call("POST", f"{LIST}/{made['id']}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["secret"].startswith("whsec_")
    assert "secret" not in (await admin.call("GET", f"{LIST}/{made['id']}")).json()
    (stored,) = admin.service.sql("SELECT * FROM webhook_endpoints")
    for secret in (made["secret"], rotated["secret"]):
        assert secret not in str(stored)


async def test_the_result_of_a_test_message_is_returned(admin: Admin) -> None:
    receiver = Receiver(answer_of(204), answer_of(302, "Location: http://127.0.0.1/"))
    async with receiving(receiver) as port:
        made = await admin.create(f"http://127.0.0.1:{port}/")
        path = f"{LIST}/{made['id']}/test"
        taken, refused = (await admin.call("POST", path)).json(), (await admin.call("POST", path)).json()
    away = (await admin.call("POST", path)).json()
    assert [each["is_delivered"] for each in (taken, refused, away)] == [True, False, False]
    assert [each["status"] for each in (taken, refused, away)] == [204, 302, None]
    assert [each["reason"] for each in (taken, refused, away)] == [None, "status_302", "connection"]
    assert b'"webhook.test"' in receiver.got[0].body
    assert (await admin.call("GET", f"{LIST}/{made['id']}")).json()["failing_since"] is None


async def test_past_events_are_sent_again_unchanged(admin: Admin) -> None:
    made = await admin.create(types=["user.registered", "session.begun"])
    service = admin.service
    await service.register_and_log_in()
    stored = "SELECT message_id, kind, stream, payload FROM outbox WHERE endpoint = %s ORDER BY id"
    before = service.sql(stored, made["id"])
    assert [row["kind"] for row in before] == ["user.registered", "session.begun"]
    service.sql("DELETE FROM outbox")
    (first,) = service.sql("SELECT occurred_at FROM audit_events WHERE type = 'webhook.changed'")
    since, until = first["occurred_at"].isoformat(), "2100-01-01T00:00:00Z"
    path = f"{LIST}/{made['id']}/replay"
    answer = await admin.call("POST", path, json={"since": since, "until": until})
    assert (answer.status_code, answer.json()) == (202, {"messages": 2})
    assert service.sql(stored, made["id"]) == before
    backwards = await admin.call("POST", path, json={"since": until, "until": since})
    assert is_problem(backwards, 422, "invalid_replay_range")
    without_zone = await admin.call("POST", path, json={"since": "2026-01-01T00:00:00", "until": until})
    assert without_zone.status_code == 422
    await admin.call("PATCH", f"{LIST}/{made['id']}", json={"is_enabled": False})
    disabled = await admin.call("POST", path, json={"since": since, "until": until})
    assert is_problem(disabled, 409, "webhook_disabled")


@pytest.mark.parametrize("call", ["one", "all", "replay"])
async def test_a_call_of_an_administrator_demoted_meanwhile_is_refused(admin: Admin, call: str) -> None:
    """The rights are checked again when messages are stored, not only when the caller is authenticated."""
    made, service, stored = await admin.create(), admin.service, "SELECT * FROM outbox ORDER BY id"
    service.sql("UPDATE outbox SET dead_reason = 'status_500', died_at = now()")
    (before,) = service.sql(stored)
    times = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "one": (f"{ADMIN}/outbox/{before['id']}/retry", {}),
        "all": (f"{ADMIN}/outbox/retry", {"json": {"webhook_id": made["id"]}}),
        "replay": (f"{LIST}/{made['id']}/replay", {"json": times}),
    }
    path, options = calls[call]
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute("UPDATE users SET roles = '{}'")
        begun: Any = asyncio.create_task(admin.call("POST", path, **options))
        waiting = asyncio.create_task(service.locks_are_waited_for(1))
        await asyncio.wait({begun, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    assert is_problem(await begun, 403, "beyond_own_scopes")
    assert service.sql(stored) == [before]


async def test_other_roles_are_refused(admin: Admin) -> None:
    made = await admin.create()
    for roles in (["support", "auditor"], []):
        other = await signed_in(admin.service, *roles)
        for method, path in (
            ("GET", LIST),
            ("POST", LIST),
            ("GET", f"{LIST}/{made['id']}"),
            ("PATCH", f"{LIST}/{made['id']}"),
            ("DELETE", f"{LIST}/{made['id']}"),
            ("POST", f"{LIST}/{made['id']}/test"),
            ("POST", f"{LIST}/{made['id']}/replay"),
            ("POST", f"{LIST}/{made['id']}/rotate-secret"),
            ("GET", f"{ADMIN}/outbox"),
            ("POST", f"{ADMIN}/outbox/retry"),
            ("POST", f"{ADMIN}/outbox/1/retry"),
        ):
            assert is_problem(await other.call(method, path), 403, "insufficient_scope"), (method, path)


async def test_a_change_succeeds_while_its_messages_cannot_be_dropped(admin: Admin) -> None:
    path = f"{LIST}/{(await admin.create())['id']}"
    await admin.create()
    admin.service.sql("CREATE RULE undeletable AS ON DELETE TO outbox DO INSTEAD SELECT 1 / 0")
    disabled = await admin.call("PATCH", path, json={"is_enabled": False}, headers={"If-Match": '"1"'})
    assert (disabled.status_code, disabled.json()["is_enabled"]) == (200, False)
    assert (await admin.call("DELETE", path, headers={"If-Match": '"2"'})).status_code == 204


async def test_with_webhooks_disabled_the_calls_are_refused(service: Service) -> None:
    admin = await signed_in(service, "admin")
    path = f"{LIST}/{uuid4()}"
    body = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    for answer in (
        await admin.call("GET", LIST),
        await admin.call("POST", LIST, json={"url": URL}),
        await admin.call("GET", path),
        await admin.call("PATCH", path, json={}),
        await admin.call("DELETE", path),
        await admin.call("POST", f"{path}/test"),
        await admin.call("POST", f"{path}/replay", json=body),
        await admin.call("POST", f"{path}/rotate-secret"),
    ):
        assert is_problem(answer, 403, "webhooks_not_enabled")
