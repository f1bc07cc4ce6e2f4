"""`doorward unthrottle`: an owner blocked by failed logins can log in at once."""

import asyncio
from uuid import UUID

import pytest

from doorward.commands.main import main
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.wiring.throttling import create_throttling
from tests.integration.service import Logs, Service


async def test_failed_logins_are_removed_and_recorded_in_the_audit_log(
    environment: pytest.MonkeyPatch, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", service.database_url)
    person = await service.register()
    throttling = create_throttling(service.settings.keys, service.database)
    for _ in range(LOGIN_CURVE.free):
        await throttling.reserve(UUID(person.id), STRANGERS)
    bucket = throttling.bucket(UUID(person.id))
    service.sql("UPDATE login_throttles SET next_at = next_at + interval '1 hour' WHERE bucket = %s", bucket)
    assert (await service.post_token(person.username, person.password)).status_code == 429
    assert await asyncio.to_thread(main, ["unthrottle", person.email.upper()]) == 0
    *logged, said = capsys.readouterr().out.splitlines()
    assert said == "doorward: the failed logins of the user are forgotten"
    assert "auth.login.unthrottled" in "".join(logged)
    assert (await service.post_token(person.username, person.password)).status_code == 200
    (event,) = service.sql("SELECT type, actor FROM audit_events WHERE user_id = %s AND type LIKE 'login%%'", person.id)
    assert event["type"] == "login.unthrottled"
    assert event["actor"].startswith("operator:")


async def test_an_unknown_name_is_reported_in_one_line(
    environment: pytest.MonkeyPatch, service: Service, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", service.database_url)
    assert await asyncio.to_thread(main, ["unthrottle", "nobody-of-this-name"]) == 1
    assert "There is no such user" in capsys.readouterr().err
    assert "auth.login.unthrottled" not in logs.text()
