"""Events of requests: user, session, origin and outcome."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from development.client import ME, PASSWORD, REFRESH, REGISTER, TOKEN
from doorward.core.events import Event
from doorward.observability.logging import observed_events
from doorward.settings.config import settings_from
from doorward.wiring.log import report_disabled_tasks, report_insecure_settings
from doorward.wiring.operations import end_all_sessions
from tests.integration.service import Logs, MakeService, Service, events, facts

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE_PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


async def test_a_registration_is_reported_with_its_account(service: Service, logs: Logs) -> None:
    person = await service.register()
    (line,) = events(logs, "auth.user.registered")
    assert facts(line, "outcome", "new_user_id", "client") == ("success", person.id, "203.0.113.7")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "email_taken"),
        ({"email": "other@example.com"}, "username_taken"),
        ({"password": "password"}, "password_too_common"),
        ({"username": "-"}, "invalid_username"),
    ],
)
async def test_a_refused_registration_is_reported_with_its_error_code(
    service: Service, logs: Logs, change: dict[str, str], reason: str
) -> None:
    person = await service.register()
    body = {"email": person.email, "username": person.username, "password": PASSWORD, **change}
    await service.client.post(REGISTER, json=body)
    (line,) = events(logs, "auth.registration.refused")
    assert facts(line, "outcome", "reason") == ("failure", reason)


async def test_a_login_is_reported_with_user_session_and_origin(service: Service, logs: Logs) -> None:
    person, _ = await service.register_and_log_in()
    (line,) = events(logs, "auth.login.succeeded")
    session = str(service.sessions_of(person)[0]["id"])
    assert facts(line, "user_id", "session_id", "client", "outcome") == (person.id, session, "203.0.113.7", "success")


async def test_a_failed_login_is_reported_with_the_reason_hidden_from_the_caller(service: Service, logs: Logs) -> None:
    person, inactive = await service.register(), await service.register()
    service.set_active(inactive, active=False)
    await service.post_token(person.username, "wrong")
    await service.post_token(f"nobody-{uuid4().hex[:8]}", PASSWORD)
    await service.post_token(inactive.username, PASSWORD)
    found = [
        facts(line, "reason", "target_user_id", "outcome", "user_id") for line in events(logs, "auth.login.failed")
    ]
    assert found == [
        ("wrong_password", person.id, "failure", None),
        ("unknown_user", None, "failure", None),
        ("inactive_user", inactive.id, "failure", None),
    ]


async def test_a_refresh_its_reuse_and_the_end_of_the_session_are_reported(service: Service, logs: Logs) -> None:
    person, first = await service.register_and_log_in()
    second = await service.refresh(first.refresh)
    await service.post_refresh(first.refresh)
    await service.post_refresh(second.refresh)
    await service.post_refresh("dwr_malformed")
    session = str(service.sessions_of(person)[0]["id"])
    told = [line for line in logs.lines() if line["event"].startswith(("auth.refresh", "auth.session"))]
    assert [facts(line, "event", "level", "outcome", "reason", "user_id", "session_id") for line in told] == [
        ("auth.refresh.rotated", "info", "success", None, person.id, session),
        ("auth.refresh.reuse_detected", "warning", "failure", None, person.id, session),
        ("auth.session.revoked", "info", "success", "reuse", person.id, session),
        ("auth.refresh.refused", "info", "failure", "not_current", person.id, session),
        ("auth.refresh.refused", "info", "failure", "malformed", None, None),
    ]


async def test_a_repeated_refresh_within_the_leeway_is_reported(make_service: MakeService, logs: Logs) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, pair = await service.register_and_log_in()
    await service.refresh(pair.refresh)
    service.clock.advance(timedelta(seconds=5))
    await service.refresh(pair.refresh)
    (line,) = events(logs, "auth.refresh.repeated")
    assert facts(line, "user_id", "outcome") == (person.id, "success")


async def test_a_logout_is_reported_even_if_it_ended_no_session(service: Service, logs: Logs) -> None:
    person, pair = await service.register_and_log_in()
    for token in (pair.refresh, pair.refresh, "dwr_malformed"):
        await service.post_revoke(token)
    session = str(service.sessions_of(person)[0]["id"])
    (ended,) = events(logs, "auth.session.revoked")
    assert facts(ended, "reason", "session_id", "outcome") == ("logout", session, "success")
    ignored = [facts(line, "reason", "session_id", "outcome") for line in events(logs, "auth.revocation.ignored")]
    assert ignored == [("not_live", session, "failure"), ("malformed", None, "failure")]
    told = [line["event"] for line in logs.lines() if line["event"].startswith(("auth.session", "auth.revocation"))]
    assert told == ["auth.session.revoked", "auth.revocation.ignored", "auth.revocation.ignored"]


async def test_a_call_with_an_access_token_is_reported_with_user_and_session(service: Service, logs: Logs) -> None:
    person, pair = await service.register_and_log_in()
    await service.get_me(pair.access)
    (line,) = [each for each in events(logs, "http.request") if each["route"] == ME]
    assert facts(line, "user_id", "session_id") == (person.id, str(service.sessions_of(person)[0]["id"]))


async def test_the_end_of_all_sessions_is_reported_with_their_number(
    make_service: MakeService, own_database: str, logs: Logs
) -> None:
    service = await make_service(database_url=own_database)
    await service.register_and_log_in()
    assert await end_all_sessions(service.settings.database) == 1
    (line,) = events(logs, "auth.session.all_revoked")
    assert facts(line, "outcome", "count", "reason") == ("success", 1, "operator")


@pytest.mark.parametrize(("path", "limit"), [(REGISTER, 5), (TOKEN, 10), (REFRESH, 20)])
async def test_a_rate_limit_refusal_is_reported_once_with_route_and_origin(
    make_service: MakeService, logs: Logs, path: str, limit: int
) -> None:
    service = await make_service(rate_limit_enabled=True)
    content: dict[str, Any] = {"data": {"username": "a", "password": "b"}} if path == TOKEN else {"json": {}}
    body = {"email": "a", "username": "b", "password": "c"} if path == REGISTER else {"refresh_token": "a"}
    content = content if path == TOKEN else {"json": body}
    answers = [await service.client.post(path, **content) for _ in range(limit + 1)]
    assert answers[-1].status_code == 429
    (line,) = events(logs, "rate_limit.exceeded")
    assert facts(line, "route", "client", "level", "outcome") == (path, "203.0.113.7", "warning", "failure")
    assert "ratelimit" not in logs.text()


async def test_observers_receive_events(service: Service) -> None:
    heard: list[Event] = []
    with observed_events(heard.append):
        await service.register_and_log_in()
    assert [event.log_event for event in heard] == [
        "auth.user.registered",
        "http.request",
        "auth.login.succeeded",
        "http.request",
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("environment", "development"), ("rate_limit_enabled", False), ("trusted_proxies", ("0.0.0.0/0",))],
)
def test_an_insecure_setting_is_reported_at_the_start(secret_key: str, logs: Logs, setting: str, value: object) -> None:
    report_insecure_settings(settings_from({"secret_key": secret_key}))
    assert not logs.lines()
    report_insecure_settings(settings_from({"secret_key": secret_key, setting: value}))
    (line,) = events(logs, "config.insecure")
    assert facts(line, "setting", "level") == (setting.upper(), "warning")


def test_a_service_without_background_tasks_is_reported_at_the_start(secret_key: str, logs: Logs) -> None:
    report_disabled_tasks(settings_from({"secret_key": secret_key}).background)
    assert not logs.lines()
    for setting, value in (("background", "off"), ("housekeeping_interval_minutes", 0)):
        report_disabled_tasks(settings_from({"secret_key": secret_key, setting: value}).background)
    assert [facts(line, "setting", "level") for line in events(logs, "housekeeping.off")] == [
        ("BACKGROUND", "info"),
        ("HOUSEKEEPING_INTERVAL_MINUTES", "info"),
    ]
