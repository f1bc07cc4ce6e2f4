"""Where logins require a verified address, only a login with the right password learns that it is unverified."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.wiring.throttling import create_throttling
from tests.integration.mailbox import make_service_with_mail, next_mail, token_in
from tests.integration.outbox.messages import eventually
from tests.integration.service import Logs, MakeService, Service, events, is_problem

VERIFY = "/api/v1/auth/email/verify"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def service(make_service: MakeService, tmp_path: Path, own_database: str) -> Service:
    return await make_service_with_mail(
        make_service, tmp_path, login_requires_verified_email=True, database_url=own_database
    )


def mails_of(service: Service) -> int:
    """Return the number of mails in the outbox that are delivered or waiting."""
    return len(service.sql("SELECT 1 FROM outbox WHERE dead_reason IS NULL"))


async def wait_until_delivered(service: Service) -> None:
    await eventually(lambda: mails_of(service) == 0)


async def verification_mails(service: Service) -> list[Any]:
    return [
        mail
        for mail in await service.app.state.services.development_mails.list()
        if "Confirm your e-mail address" in mail.content.subject
    ]


async def test_the_right_password_of_an_unverified_account_begins_no_session(service: Service, logs: Logs) -> None:
    person = await service.register()
    answer = await service.post_login(person)
    assert is_problem(answer, 403, "email_not_verified")
    assert answer.json()["error"] == "invalid_grant"
    assert "doorward-device" not in answer.headers
    assert service.sessions_of(person) == []
    (failed,) = events(logs, "auth.login.failed")
    assert (failed["reason"], failed["target_user_id"]) == ("email_not_verified", person.id)


async def test_a_wrong_password_and_an_inactive_account_get_the_usual_refusal(service: Service) -> None:
    person = await service.register()
    wrong = await service.post_token(person.username, "not the password")
    unknown = await service.post_token("nobody-of-this-name", "not the password")
    assert is_problem(wrong, 401, "invalid_credentials")
    for answer in (wrong, unknown):
        assert {**answer.json(), "correlation_id": ""} == {**wrong.json(), "correlation_id": ""}
    await service.deactivate(person)
    assert is_problem(await service.post_login(person), 401, "invalid_credentials")


async def test_the_mail_is_repeated_at_most_once_a_minute(service: Service) -> None:
    person = await service.register()
    await next_mail(service, person.email, "Confirm your e-mail address")
    await wait_until_delivered(service)
    service.clock.advance(MINUTE)
    for _ in range(3):
        assert (await service.post_login(person)).status_code == 403
        await wait_until_delivered(service)
    assert len(await verification_mails(service)) == 2
    service.clock.advance(MINUTE)
    assert (await service.post_login(person)).status_code == 403
    await assert_mails(service, 3)
    await service.post_token(person.username, "not the password")
    assert mails_of(service) == 0


async def assert_mails(service: Service, number: int) -> None:
    await wait_until_delivered(service)
    assert len(await verification_mails(service)) == number


async def test_a_mailed_token_with_the_password_verifies_the_address_and_allows_login(service: Service) -> None:
    person = await service.register()
    token = token_in(await next_mail(service, person.email, "Confirm your e-mail address"))
    answer = await service.client.post(VERIFY, json={"token": token, "password": person.password})
    assert answer.status_code == 204
    assert (await service.post_login(person)).status_code == 200


async def test_right_passwords_do_not_count_as_failures(service: Service) -> None:
    person = await service.register()
    throttling = create_throttling(service.settings.keys, service.database)
    for _ in range(LOGIN_CURVE.free - 1):
        await throttling.reserve(UUID(person.id), STRANGERS)
    for _ in range(3):
        assert (await service.post_login(person)).status_code == 403


async def test_an_existing_session_continues_after_a_password_change(
    make_service: MakeService, tmp_path: Path, own_database: str
) -> None:
    before = await make_service(database_url=own_database)
    person, pair = await before.register_and_log_in()
    service = await make_service_with_mail(
        make_service, tmp_path, login_requires_verified_email=True, database_url=own_database
    )
    assert (await service.get_me(pair.access)).status_code == 200
    changed = await service.post_password(pair.access, person.password, "four other random words")
    assert changed.status_code == 200
    assert (await service.get_me(changed.json()["access_token"])).status_code == 200
    assert (await service.post_token(person.username, "four other random words")).status_code == 403
