"""The statement of the audit row also stores each event for each of its receivers."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from development.event_schemas import schema_files
from doorward.core.versions import any_version
from doorward.domain.accounts.events import UserDeleted
from doorward.domain.administration.models import OPERATOR
from doorward.domain.audit.erasure import erase_personal_facts
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import SessionEnded, UserActivated, UserDeactivated
from doorward.domain.auth.models import EndReason
from doorward.domain.webhooks.models import EndpointContent
from doorward.observability.request_context import begin_request
from tests.integration.service import FakeClock
from tests.integration.webhooks.endpoints import Hooks


@pytest.fixture
def hooks(own_database: str, clock: FakeClock) -> Hooks:
    return Hooks(own_database, clock)


class CountingConnection(AsyncConnection[Any]):
    """A connection that counts its statements."""

    statements = 0

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        self.statements += 1
        return await super().execute(*arguments, **options)


async def test_without_receivers_only_the_audit_row_is_stored(hooks: Hooks) -> None:
    await hooks.record_events(uuid4())
    assert hooks.rows() == []
    assert hooks.outbox.sql("SELECT count(*) FROM audit_events") == [{"count": 1}]


@pytest.mark.parametrize("receivers", [0, 2])
async def test_recording_is_one_statement_for_any_number_of_endpoints(hooks: Hooks, receivers: int) -> None:
    for _ in range(receivers):
        await hooks.endpoint(9)
    async with await CountingConnection.connect(hooks.outbox.url) as connection:
        await record(connection, UserActivated(user_id=uuid4()))
    assert connection.statements == 1
    assert len(hooks.rows()) == receivers


async def test_a_message_describes_its_event_with_ids_and_fixed_words(hooks: Hooks) -> None:
    made, user_id, session_id = await hooks.endpoint(9), uuid4(), uuid4()
    begin_request(correlation_id="f00d")
    async with hooks.database.transaction() as connection:
        event = SessionEnded(user_id=user_id, session_id=session_id, reason=EndReason.LOGOUT)
        await record(connection, event, address="203.0.113.7")
    ((row,), (payload,)) = hooks.rows(), hooks.payloads()
    entry = hooks.outbox.sql("SELECT * FROM audit_events ORDER BY id DESC LIMIT 1")[0]
    assert (row["channel"], row["endpoint"], row["stream"]) == ("webhook", made.endpoint.id, user_id)
    assert row["kind"] == "session.ended"
    assert payload == {
        "id": str(row["message_id"]),
        "type": "session.ended",
        "timestamp": f"{entry['occurred_at']:%Y-%m-%dT%H:%M:%S.%fZ}",
        "version": 1,
        "sequence": entry["id"],
        "correlation_id": "f00d",
        "data": {"user_id": str(user_id), "session_id": str(session_id), "reason": "logout"},
    }


async def test_a_message_has_the_members_of_its_schema(hooks: Hooks) -> None:
    await hooks.endpoint(9)
    await hooks.record(SessionEnded(user_id=uuid4(), session_id=uuid4(), reason=EndReason.LOGOUT))
    (payload,) = hooks.payloads()
    (text,) = [text for path, text in schema_files().items() if path.name == "session.ended.v1.json"]
    schema = json.loads(text)
    assert sorted(payload) == sorted(schema["properties"]) == sorted(schema["required"])
    assert sorted(payload["data"]) == sorted(schema["properties"]["data"]["properties"])


async def test_an_endpoint_gets_only_its_event_types(hooks: Hooks) -> None:
    some = await hooks.endpoint(9, "user.deactivated", "user.deleted")
    every = await hooks.endpoint(9)
    await hooks.record(UserActivated(user_id=uuid4()))
    await hooks.record(UserDeactivated(user_id=uuid4(), count=0))
    assert [(row["endpoint"], row["kind"]) for row in hooks.rows() if row["endpoint"] == some.endpoint.id] == [
        (some.endpoint.id, "user.deactivated")
    ]
    assert len([row for row in hooks.rows() if row["endpoint"] == every.endpoint.id]) == 2


async def test_a_disabled_or_deleted_endpoint_gets_nothing(hooks: Hooks) -> None:
    disabled, deleted = await hooks.endpoint(9), await hooks.endpoint(9)
    await hooks.webhooks.update(OPERATOR, disabled.endpoint.id, {"is_enabled": False}, any_version)
    await hooks.webhooks.delete(OPERATOR, deleted.endpoint.id, any_version)
    await hooks.record_events(uuid4())
    assert hooks.rows() == []


async def test_a_change_that_is_rolled_back_adds_no_message(hooks: Hooks) -> None:
    await hooks.endpoint(9)
    async with hooks.database.transaction() as connection:
        await record(connection, UserActivated(user_id=uuid4()))
        raise psycopg.Rollback
    assert hooks.rows() == []


async def test_all_receivers_get_an_event_with_the_same_id(hooks: Hooks) -> None:
    for _ in range(2):
        await hooks.endpoint(9)
    hooks.outbox.sql("INSERT INTO rabbitmq_subscriptions (id) VALUES (gen_random_uuid())")
    await hooks.record_events(uuid4(), uuid4())
    rows = hooks.rows()
    assert sorted(row["channel"] for row in rows) == ["rabbitmq"] * 2 + ["webhook"] * 4
    assert len({row["message_id"] for row in rows}) == 2
    assert len({bytes(row["payload"]) for row in rows}) == 2


async def test_an_event_without_a_user_is_in_no_stream(hooks: Hooks) -> None:
    await hooks.webhooks.create(OPERATOR, EndpointContent("http://127.0.0.1:9/"))
    (row,) = hooks.rows()
    assert (row["kind"], row["stream"]) == ("webhook.changed", None)


async def test_waiting_messages_of_an_erased_user_lose_their_correlation_ids(hooks: Hooks) -> None:
    await hooks.endpoint(9)
    leaver, stayer = uuid4(), uuid4()
    begin_request(correlation_id="ada-lovelace")
    await hooks.record_events(leaver, stayer)
    before = hooks.payloads()
    hooks.outbox.sql("UPDATE outbox SET dead_reason = 'status_500', died_at = now() WHERE stream = %s", leaver)
    async with hooks.database.transaction() as connection:
        await erase_personal_facts(connection, leaver)
        begin_request()
        await record(connection, UserDeleted(user_id=leaver))
    erased, kept, last = hooks.payloads()
    assert erased == before[0] | {"correlation_id": None}
    assert kept == before[1]
    assert (last["type"], last["data"]) == ("user.deleted", {"user_id": str(leaver), "session_id": None})
    assert "ada-lovelace" not in json.dumps([erased, last])
