"""Verification and recovery over HTTP, with delivered mails."""

from pathlib import Path

import pytest

from tests.integration.mailbox import code_in, make_service_with_mail, next_mail, token_in
from tests.integration.service import MakeService, Service

FORGOT = "/api/v1/auth/password/forgot"
RESET = "/api/v1/auth/password/reset"
VERIFY = "/api/v1/auth/email/verify"
ACCOUNT = "/api/v1/account"
VERIFICATION = f"{ACCOUNT}/email/verification"
NEW_PASSWORD = "four other random words"


@pytest.fixture
async def service(make_service: MakeService, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path)


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


async def test_the_mail_of_a_registration_verifies_the_address_in_a_session(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    mail = await next_mail(service, person.email, "Confirm")
    answer = await service.client.post(VERIFY, json={"code": code_in(mail)}, headers=bearer(pair.access))
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_forgotten_password_is_reset_with_the_mail(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    answer = await service.client.post(FORGOT, json={"email": person.email})
    assert (answer.status_code, answer.content) == (202, b"")
    token = token_in(await next_mail(service, person.email, "password"))
    reset = await service.client.post(RESET, json={"token": token, "new_password": NEW_PASSWORD})
    assert reset.status_code == 204
    assert (await service.get_me(pair.access)).status_code == 401
    assert (await service.post_token(person.username, NEW_PASSWORD)).status_code == 200
    await next_mail(service, person.email, "changed")


async def test_known_and_unknown_addresses_get_the_same_response(service: Service) -> None:
    person = await service.register()
    await next_mail(service, person.email, "Confirm")
    answers = []
    for email in (person.email, "unknown@example.com"):
        answer = await service.client.post(FORGOT, json={"email": email})
        headers = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
        answers.append((answer.status_code, answer.content, headers))
    assert answers[0] == answers[1]


async def test_white_space_around_the_address_of_a_forgotten_password_is_trimmed(service: Service) -> None:
    person = await service.register()
    await service.client.post(FORGOT, json={"email": f"\u200b {person.email}\u00a0\n"})
    assert token_in(await next_mail(service, person.email, "password"))


async def test_the_host_header_of_a_request_does_not_appear_in_links(service: Service) -> None:
    person = await service.register()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    await service.client.post(FORGOT, json={"email": person.email}, headers=headers)
    mail = await next_mail(service, person.email, "password")
    assert "evil" not in mail.content.text + mail.content.html
    assert token_in(mail)


@pytest.mark.parametrize(
    "body",
    [
        {"email": ["a@example.com", "b@example.com"]},
        {"email": {"email": "a@example.com"}},
        {"email": "a@example.com\r\nBcc: b@example.com"},
        {"email": "a@example.com,b@example.com"},
        {"email": "a"},
        {"email": None},
        {},
        {"email": "a@example.com", "redirect": "https://evil.example"},
    ],
)
async def test_a_body_without_exactly_one_valid_address_is_refused(service: Service, body: object) -> None:
    assert (await service.client.post(FORGOT, json=body)).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"new_password": NEW_PASSWORD},
        {"token": "dwo_made-up", "new_password": NEW_PASSWORD},
        {"token": ["dwo_made-up"], "new_password": NEW_PASSWORD},
        {"token": "dwo_made-up", "email": "a@example.com", "code": "12345678", "new_password": NEW_PASSWORD},
        {"email": "a@example.com", "new_password": NEW_PASSWORD},
        {"email": "a@example.com", "code": 12345678, "new_password": NEW_PASSWORD},
        {"email": "a@example.com", "code": "", "new_password": NEW_PASSWORD},
        {"email": "a\x00@example.com", "code": "12345678", "new_password": NEW_PASSWORD},
    ],
)
async def test_a_reset_without_a_valid_token_or_code_is_refused(service: Service, body: object) -> None:
    assert (await service.client.post(RESET, json=body)).status_code == 422


async def test_a_verification_without_session_and_password_is_refused(service: Service) -> None:
    person = await service.register()
    token = token_in(await next_mail(service, person.email, "Confirm"))
    for body in ({"token": token}, {"code": "12345678"}):
        answer = await service.client.post(VERIFY, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "missing_access_token")
    answer = await service.client.post(VERIFY, json={"token": token, "password": "not the password"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    answer = await service.client.post(VERIFY, json={"token": token}, headers=bearer("made up"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token")
    assert (await service.client.post(VERIFY, json={"token": token, "password": person.password})).status_code == 204


async def test_another_verification_mail_is_sent_on_request(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    answer = await service.client.post(VERIFICATION, headers=bearer(pair.access))
    assert answer.status_code == 202
    assert (await service.client.post(VERIFICATION)).status_code == 401


async def test_without_mail_settings_the_error_names_the_missing_setting(make_service: MakeService) -> None:
    service = await make_service()
    _, pair = await service.register_and_log_in()
    for answer in (
        await service.client.post(FORGOT, json={"email": "a@example.com"}),
        await service.client.post(VERIFICATION, headers=bearer(pair.access)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "mail_not_configured")
        assert "SMTP_HOST" in answer.json()["detail"]
    assert service.sql("SELECT 1 FROM outbox WHERE payload IS NULL") == []
