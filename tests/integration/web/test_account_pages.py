"""The pages linked from mails: GET changes nothing, and POST has the effect of the API's call."""

import re
from pathlib import Path

import pytest

from doorward.domain.auth.login.throttling import LOGIN_CURVE
from tests.integration.mailbox import code_in, make_service_with_mail, next_mail, token_in
from tests.integration.service import MakeService, Service

VERIFY = "/account/verify-email"
RESET = "/account/reset-password"
RESTORE = "/account/restore"
EMAIL_CHANGE = "/account/confirm-email-change"
NEW_PASSWORD = "four other random words"


@pytest.fixture
async def service(make_service: MakeService, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path)


@pytest.mark.parametrize(
    "page", [VERIFY, RESET, RESTORE, EMAIL_CHANGE, "/account/confirm-registration", "/account/accept-invitation"]
)
async def test_a_page_has_a_strict_content_policy_and_is_not_cached(service: Service, page: str) -> None:
    answer = await service.client.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    for address in re.findall(r'(?:href|src)="(/[^"]+)"', answer.text):
        assert (await service.client.get(address)).status_code == 200, address


async def test_links_stay_usable_after_a_mail_scanner_opened_them(service: Service) -> None:
    person = await service.register()
    verification = token_in(await next_mail(service, person.email, "Confirm"))
    await service.client.post("/api/v1/auth/password/forgot", json={"email": person.email})
    reset = token_in(await next_mail(service, person.email, "password"))
    for page, fields in ((VERIFY, ("token", "password")), (RESET, ("token", "new_password"))):
        await service.client.get(page)
        await service.client.head(page)
        for form in ({"token": ""}, dict.fromkeys(fields, ""), {"token": "dwo_made-up", fields[1]: "x"}):
            answer = await service.client.post(page, data=form)
            assert answer.status_code == 422, form
        # A scanner that runs the script does not have the password.
        token = verification if page == VERIFY else reset
        assert (await service.client.post(page, data={"token": token})).status_code == 422
    answer = await service.client.post(VERIFY, data={"token": verification, "password": person.password})
    assert (answer.status_code, "is verified" in answer.text) == (200, True)
    answer = await service.client.post(RESET, data={"token": reset, "new_password": NEW_PASSWORD})
    assert (answer.status_code, "password is set" in answer.text) == (200, True)
    assert (await service.post_token(person.username, NEW_PASSWORD)).status_code == 200


async def test_without_a_script_the_code_can_be_typed(service: Service) -> None:
    person = await service.register()
    code = code_in(await next_mail(service, person.email, "Confirm"))
    form = {"username": person.username, "password": person.password, "code": code}
    assert (await service.client.post(VERIFY, data=form)).status_code == 200
    await service.client.post("/api/v1/auth/password/forgot", json={"email": person.email})
    code = code_in(await next_mail(service, person.email, "password"))
    form = {"email": person.email, "code": code, "new_password": NEW_PASSWORD}
    assert (await service.client.post(RESET, data=form)).status_code == 200


async def test_a_refusal_shows_an_empty_form_again(service: Service) -> None:
    form = {"token": "dwo_<script>", "new_password": "<b>secret words</b>"}
    answer = await service.client.post(RESET, data=form)
    assert answer.status_code == 422
    assert "not valid, or no longer" in answer.text
    assert "<form" in answer.text
    assert "secret words" not in answer.text
    assert "dwo_" not in answer.text


async def test_a_request_refused_by_a_general_limit_gets_an_html_page(
    make_service: MakeService, tmp_path: Path
) -> None:
    service = await make_service_with_mail(make_service, tmp_path)
    answer = await service.client.post(RESET, content=b"x" * 70_000, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-correlation-id"] in answer.text


async def test_without_mail_there_are_no_pages(make_service: MakeService) -> None:
    service = await make_service()
    for page in (VERIFY, RESET, RESTORE, "/account/static/pages.css"):
        assert (await service.client.get(page)).status_code == 404


async def test_an_account_awaiting_deletion_is_restored_with_name_and_password(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    assert (await service.authorized("POST", "/api/v1/account/deletion", pair.access)).status_code == 202
    form = {"username": person.email.upper(), "password": person.password}
    for refused in ({"username": ""}, {"username": person.email}, {**form, "password": f"not {person.password}"}):
        answer = await service.client.post(RESTORE, data=refused)
        assert (answer.status_code, "waits for its deletion" in answer.text) == (422, True)
        assert "<form" in answer.text
    for request in ("GET", "HEAD"):
        assert (await service.client.request(request, RESTORE)).status_code == 200
    assert (await service.post_token(person.username, person.password)).status_code == 403
    answer = await service.client.post(RESTORE, data=form)
    assert (answer.status_code, "is restored" in answer.text) == (200, True)
    assert (await service.post_token(person.username, person.password)).status_code == 200
    assert (await service.client.post(RESTORE, data=form)).status_code == 422


async def test_passwords_for_restoring_an_account_are_throttled_like_logins(service: Service) -> None:
    form = {"username": "a-name-of-nobody", "password": "not the password"}
    for _ in range(LOGIN_CURVE.free):
        assert (await service.client.post(RESTORE, data=form)).status_code == 422
    answer = await service.client.post(RESTORE, data=form)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert int(answer.headers["retry-after"]) > 0
