"""A change of the e-mail address over HTTP, with delivered mails and the confirmation page."""

from datetime import timedelta
from pathlib import Path

import pytest

from development.client import ACCOUNT, PASSWORD, TOKEN, pair
from tests.integration.accounts.own_account import Owner, is_alive, is_dead, signed_in
from tests.integration.mailbox import code_in, make_service_with_mail, next_mail, token_in
from tests.integration.service import FakeClock, Logs, MakeService, Service, is_problem

EMAIL = f"{ACCOUNT}/email"
CONFIRM = f"{EMAIL}/confirm"
PAGE = "/account/confirm-email-change"
DEVICE = "Doorward-Device"


@pytest.fixture
async def service(make_service: MakeService, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path)


async def verified(service: Service) -> tuple[Owner, str]:
    """Sign in a person with a verified address; return an address to change to."""
    owner = await signed_in(service)
    code = code_in(await next_mail(service, owner.person.email, "Confirm"))
    assert (await owner.call("POST", "/api/v1/auth/email/verify", json={"code": code})).status_code == 204
    return owner, f"new-{owner.person.email}"


async def test_both_mails_confirm_a_change_and_both_mailboxes_are_notified(service: Service, logs: Logs) -> None:
    owner, new_email = await verified(service)
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = await owner.call("POST", EMAIL, json={"new_email": new_email}, headers=headers)
    assert (answer.status_code, answer.content) == (202, b"")
    assert (await owner.account())["pending_email"] == new_email
    to_new = await next_mail(service, new_email, "Confirm your new")
    to_old = await next_mail(service, owner.person.email, "Confirm the change")
    assert "evil" not in to_new.content.text + to_old.content.text
    first = await owner.call("POST", CONFIRM, json={"token": token_in(to_new)})
    assert (first.status_code, first.json()) == (200, {"status": "waiting_for", "mailbox": "old"})
    assert DEVICE not in first.headers
    last = await owner.call("POST", CONFIRM, json={"code": code_in(to_old)})
    assert await is_dead(service, owner.pair)
    owner.pair = pair(last)
    account = await owner.account()
    assert (account["email"], account["email_verified"], account["pending_email"]) == (new_email, True, None)
    for email in (owner.person.email, new_email):
        await next_mail(service, email, "was changed")
    form = {"username": new_email, "password": PASSWORD}
    login = await service.client.post(TOKEN, data=form, headers={DEVICE: last.headers[DEVICE]})
    assert login.headers[DEVICE] == last.headers[DEVICE]
    written = logs.text()
    assert not [each for each in (token_in(to_new), token_in(to_old), code_in(to_old)) if each in written]


async def test_a_cancelled_change_is_no_longer_shown(service: Service) -> None:
    owner, new_email = await verified(service)
    await owner.call("POST", EMAIL, json={"new_email": new_email})
    for _ in range(2):
        answer = await owner.call("DELETE", EMAIL)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await owner.account())["pending_email"] is None


async def test_requesting_and_cancelling_require_a_recent_proof_and_confirming_does_not(
    service: Service, clock: FakeClock
) -> None:
    owner, new_email = await verified(service)
    await owner.call("POST", EMAIL, json={"new_email": new_email})
    token = token_in(await next_mail(service, new_email, "Confirm"))
    clock.advance(timedelta(minutes=6))
    refused = [await owner.call("POST", EMAIL, json={"new_email": new_email}), await owner.call("DELETE", EMAIL)]
    assert all(is_problem(answer, 401, "reauthentication_required") for answer in refused)
    assert (await owner.call("POST", CONFIRM, json={"token": token})).status_code == 200


NO_ADDRESS: tuple[object, ...] = (
    {"new_email": ["a@example.com", "b@example.com"]},
    {"new_email": {"email": "a@example.com"}},
    {"new_email": "a@example.com\r\nBcc: b@example.com"},
    {"new_email": "a@example.com,b@example.com"},
    {"new_email": None},
    {},
    {"new_email": "a@example.com", "email": "b@example.com"},
)
NO_PROOF: tuple[object, ...] = (
    {},
    {"token": "dwo_a", "code": "12345678"},
    {"token": ["dwo_a"]},
    {"code": 12345678},
    {"code": ""},
    {"token": ""},
)


async def test_a_body_without_exactly_one_address_or_exactly_one_proof_is_refused(owner: Owner) -> None:
    for body in NO_ADDRESS:
        assert (await owner.call("POST", EMAIL, json=body)).status_code == 422, body
    assert owner.service.sql("SELECT 1 FROM email_changes WHERE user_id = %s", owner.person.id) == []
    for body in NO_PROOF:
        assert (await owner.call("POST", CONFIRM, json=body)).status_code == 422, body


async def test_without_mail_settings_the_request_is_refused(make_service: MakeService) -> None:
    owner = await signed_in(await make_service())
    answer = await owner.call("POST", EMAIL, json={"new_email": "a@example.com"})
    assert is_problem(answer, 403, "mail_not_configured")


async def test_the_new_address_must_be_at_a_permitted_domain(make_service: MakeService, tmp_path: Path) -> None:
    settings = {"registration_domains": "example.com", "login_requires_verified_email": True}
    service = await make_service_with_mail(make_service, tmp_path, **settings)
    person = await service.register()
    token = token_in(await next_mail(service, person.email, "Confirm"))
    assert (await service.post_verify(token, person.password)).status_code == 204
    access = (await service.log_in(person)).access
    refused = await service.authorized("POST", EMAIL, access, json={"new_email": f"{person.username}@sub.example.com"})
    assert is_problem(refused, 403, "registration_domain_refused")
    asked = await service.authorized("POST", EMAIL, access, json={"new_email": f"new-{person.email}"})
    assert asked.status_code == 202


async def test_the_page_confirms_with_the_password_and_mail_scanners_do_not_use_up_its_links(service: Service) -> None:
    owner, new_email = await verified(service)
    await owner.call("POST", EMAIL, json={"new_email": new_email})
    to_new = token_in(await next_mail(service, new_email, "Confirm"))
    to_old = code_in(await next_mail(service, owner.person.email, "Confirm the change"))
    await service.client.get(PAGE)
    await service.client.head(PAGE)
    for form in ({"token": ""}, {"token": to_new}, {"token": to_new, "password": "wrong"}, {"token": "", "code": ""}):
        answer = await service.client.post(PAGE, data=form)
        assert (answer.status_code, "<form" in answer.text) == (422, True), form
    answer = await service.client.post(PAGE, data={"token": to_new, "password": PASSWORD})
    assert (answer.status_code, "present e-mail address" in answer.text) == (200, True)
    assert await is_alive(service, owner.pair)
    form = {"username": owner.person.username, "password": PASSWORD, "code": to_old}
    answer = await service.client.post(PAGE, data=form)
    assert (answer.status_code, "is set" in answer.text) == (200, True)
    assert (await service.get_me(owner.pair.access)).status_code == 401
    assert (await service.post_token(new_email, PASSWORD)).status_code == 200


async def test_calls_are_limited_for_each_address(make_service: MakeService) -> None:
    service = await make_service(rate_limit_enabled=True)
    owner = await signed_in(service)
    asked = [(await owner.call("DELETE", EMAIL)).status_code for _ in range(4)]
    confirmed = [(await owner.call("POST", CONFIRM, json={"code": "1"})).status_code for _ in range(11)]
    assert (asked, confirmed) == ([204] * 3 + [429], [422] * 10 + [429])
