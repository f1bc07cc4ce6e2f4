"""Each change of a user or a session has a row in the audit log, stored with the change and reported after it."""

import asyncio
import os
import pwd
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from development.client import REGISTER
from doorward.commands.main import main
from doorward.core.events import AuditedEvent, Event, event_classes
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import UserDeactivated
from doorward.observability.logging import observed_events
from tests.integration.audit.every_change import Run, every_change
from tests.integration.audit.trail import rows_of
from tests.integration.service import Logs, Service

BOUND_SECONDS = 60


@pytest.fixture
def run(environment: pytest.MonkeyPatch, service_alone: Service) -> Run:
    """Run the command on the database of the running service."""
    environment.setenv("DATABASE_URL", service_alone.database_url)

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, arguments)

    return run


async def test_recorded_events_are_reported_in_the_same_order(service_alone: Service, run: Run) -> None:
    heard: list[Event] = []
    stored: list[tuple[object, ...]] = []

    def hear(event: Event) -> None:
        heard.append(event)
        # Read the rows before the last change removes them.
        if isinstance(event, AuditedEvent) and event.type == "session.all_ended":
            stored.extend((row["type"], row["user_id"], row["data"]) for row in rows_of(service_alone))

    with observed_events(hear):
        await every_change(service_alone, run)
    stored.extend((row["type"], row["user_id"], row["data"]) for row in rows_of(service_alone))
    reported = [(event.type, event.user_id, event.data()) for event in heard if isinstance(event, AuditedEvent)]
    assert stored == reported
    of_the_product = {event for event in event_classes(AuditedEvent) if event.__module__.startswith("doorward.")}
    assert {type(event) for event in heard} & of_the_product == of_the_product


async def test_an_entry_contains_user_actor_session_request_and_address(service_alone: Service) -> None:
    person, pair = await service_alone.register_and_log_in()
    answer = await service_alone.post_revoke(pair.refresh)
    registered, begun, ended = rows_of(service_alone)
    (session,) = service_alone.sessions_of(person)
    assert str(registered["user_id"]) == person.id
    assert (registered["actor"], registered["session_id"], registered["data"]) == (None, None, {})
    assert [(row["actor"], row["session_id"]) for row in (begun, ended)] == [(person.id, session["id"])] * 2
    assert (ended["type"], ended["version"]) == ("session.ended", 1)
    assert (str(ended["user_id"]), ended["data"]) == (person.id, {"reason": "logout"})
    assert ended["correlation_id"] == answer.headers["x-correlation-id"]
    assert [row["personal"] for row in (registered, begun, ended)] == [{"client": "203.0.113.7"}] * 3


async def test_the_actor_of_a_command_does_not_depend_on_the_environment(
    service_alone: Service, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    person = await service_alone.register()
    assert await run("deactivate", person.username) == 0
    _, entry = rows_of(service_alone)
    assert entry["actor"] == f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    assert (str(entry["user_id"]), entry["personal"]) == (person.id, None)


async def test_no_entry_contains_typed_text_or_a_secret(service_alone: Service, run: Run) -> None:
    person, pair = await service_alone.register_and_log_in()
    await service_alone.post_revoke(pair.refresh)
    assert await run("deactivate", person.username) == 0
    entries = str(rows_of(service_alone))
    secrets = (person.email, person.username, person.password, pair.access, pair.refresh, pair.refresh[4:])
    assert not [secret for secret in secrets if secret in entries]


async def test_a_refused_login_and_a_refresh_are_not_recorded(service_alone: Service) -> None:
    person, pair = await service_alone.register_and_log_in()
    before = len(rows_of(service_alone))
    await service_alone.post_token(person.username, "wrong")
    await service_alone.post_token("unknown-user", "wrong")
    await service_alone.refresh(pair.refresh)
    await service_alone.post_revoke("dwr_malformed")
    assert len(rows_of(service_alone)) == before


async def test_a_change_that_cannot_be_recorded_is_not_made_and_not_reported(
    service_alone: Service, logs: Logs
) -> None:
    person, first = await service_alone.register_and_log_in()
    second = await service_alone.refresh(first.refresh)
    service_alone.sql("ALTER TABLE audit_events ADD CONSTRAINT refused CHECK (id < 0) NOT VALID")
    before = len(logs.lines())
    body = {"email": "other@example.com", "username": "other", "password": person.password}
    answers = [
        await service_alone.client.post(REGISTER, json=body),
        await service_alone.post_token(person.username, person.password),
        await service_alone.post_refresh(first.refresh),
        await service_alone.post_revoke(second.refresh),
    ]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert service_alone.sql("SELECT count(*) FROM users") == [{"count": 1}]
    (session,) = service_alone.sessions_of(person)
    assert (await service_alone.get_me(first.access)).status_code == 200
    assert session["ended_at"] is None
    reported = {line["event"] for line in logs.lines()[before:]}
    assert reported <= {"database.unavailable", "http.request", "auth.registration.refused"}


async def test_a_reuse_is_recorded_with_its_user_its_session_and_the_address(service_alone: Service) -> None:
    person, first = await service_alone.register_and_log_in()
    await service_alone.refresh(first.refresh)
    await service_alone.post_refresh(first.refresh)
    (session,) = service_alone.sessions_of(person)
    recorded = rows_of(service_alone)[-2:]
    assert [row["type"] for row in recorded] == ["session.reuse_detected", "session.ended"]
    for row in recorded:
        assert (row["user_id"], row["session_id"]) == (UUID(person.id), session["id"])
        assert row["personal"]["client"]


@pytest.mark.parametrize("change", ["login", "logout", "reuse"])
async def test_a_change_is_recorded_after_those_of_the_same_user_that_are_in_progress(
    service_alone: Service, change: str
) -> None:
    person, first = await service_alone.register_and_log_in()
    second = await service_alone.refresh(first.refresh)
    async with await AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", [person.id])
        calls = {
            "login": service_alone.post_token(person.username, person.password),
            "logout": service_alone.post_revoke(second.refresh),
            "reuse": service_alone.post_refresh(first.refresh),
        }
        answer = asyncio.create_task(calls.pop(change))
        for unused in calls.values():
            unused.close()
        async with asyncio.timeout(BOUND_SECONDS):
            await service_alone.locks_are_waited_for(1)
        await record(other, UserDeactivated(user_id=UUID(person.id), count=0))
        await other.commit()
    await answer
    types = [row["type"] for row in rows_of(service_alone)]
    assert types[:3] == ["user.registered", "session.begun", "user.deactivated"]
    assert (
        types[3:]
        == {
            "login": ["session.begun"],
            "logout": ["session.ended"],
            "reuse": ["session.reuse_detected", "session.ended"],
        }[change]
    )
