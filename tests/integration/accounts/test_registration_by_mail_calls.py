"""Registration with confirmation and invitations over HTTP, with delivered mails."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from development.client import PASSWORD, REGISTER, new_person
from doorward.domain.administration.models import OPERATOR
from tests.integration.mailbox import code_in, make_service_with_mail, next_mail, token_in
from tests.integration.service import MakeService, Service, is_problem, mark

CONFIRM = f"{REGISTER}/confirm"
RESEND = f"{REGISTER}/resend"
ACCEPT = "/api/v1/auth/invitations/accept"
CONFIRM_PAGE = "/account/confirm-registration"
ACCEPT_PAGE = "/account/accept-invitation"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def service(make_service: MakeService, tmp_path: Path) -> Service:
    return await make_service_with_mail(make_service, tmp_path, registration_confirmation=True)


async def invite(service: Service, email: str) -> None:
    await service.administration.invitations.create(OPERATOR, email)


def shown(answer: httpx.Response) -> tuple[int, list[str], dict[str, str]]:
    """Return the parts of a response that a client can compare, without random values."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
    return answer.status_code, list(answer.json()), headers


async def test_a_registration_is_confirmed_with_its_token_and_the_password(service: Service) -> None:
    person = new_person()
    answer = await service.post_account(person)
    assert (answer.status_code, list(answer.json())) == (202, ["registration_token"])
    assert answer.headers["cache-control"] == "no-store"
    token = token_in(await next_mail(service, person.email, "Confirm your registration"))
    confirmed = await service.client.post(CONFIRM, json={"token": token, "password": person.password})
    assert confirmed.status_code == 201
    assert confirmed.json() == {
        "id": confirmed.json()["id"],
        "email": person.email,
        "username": person.username,
        "is_active": True,
    }
    again = await service.client.post(CONFIRM, json={"token": token, "password": person.password})
    assert is_problem(again, 422, "invalid_token")
    assert (await service.post_login(person)).status_code == 200


async def test_a_registration_is_confirmed_with_its_code_and_registration_token(service: Service) -> None:
    person = new_person()
    registration_token = (await service.post_account(person)).json()["registration_token"]
    code = code_in(await next_mail(service, person.email, "Confirm your registration"))
    body = {"registration_token": registration_token, "code": code}
    assert (await service.client.post(CONFIRM, json=body)).status_code == 201


async def test_a_taken_address_gets_the_same_response_as_a_free_one_and_another_mail(service: Service) -> None:
    owner = new_person()
    await service.post_account(owner)
    token = token_in(await next_mail(service, owner.email, "Confirm your registration"))
    await service.client.post(CONFIRM, json={"token": token, "password": owner.password})
    free, taken = new_person(), new_person()
    service.clock.advance(MINUTE)
    answers = [
        await service.post_register(taken.username, owner.email, PASSWORD),
        await service.post_register(free.username, free.email, PASSWORD),
    ]
    assert shown(answers[0]) == shown(answers[1])
    await next_mail(service, owner.email, "already have an account")
    tokens = [answer.json()["registration_token"] for answer in answers]
    for path, more in ((RESEND, {}), (CONFIRM, {"code": "12345678"})):
        later = [await service.client.post(path, json={"registration_token": each, **more}) for each in tokens]
        assert later[0].status_code == later[1].status_code
        assert len(later[0].content) == len(later[1].content)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "dwo_made-up"},
        {"token": "dwo_made-up", "password": PASSWORD},
        {"token": ["dwo_made-up"], "password": PASSWORD},
        {"token": "dwo_made-up", "code": "12345678"},
        {"registration_token": "dwo_made-up", "code": "12345678"},
        {"registration_token": "dwo_made-up", "code": 12345678},
        {"registration_token": "dwo_made-up", "password": PASSWORD},
        {"token": "dwo_made-up", "password": PASSWORD, "registration_token": "dwo_made-up", "code": "12345678"},
        {"code": "12345678", "password": PASSWORD},
    ],
)
async def test_a_confirmation_without_both_proofs_is_refused(service: Service, body: object) -> None:
    assert (await service.client.post(CONFIRM, json=body)).status_code == 422


@pytest.mark.parametrize("body", [{}, {"registration_token": None}, {"registration_token": "dwo_made-up"}])
async def test_a_second_mail_requires_the_registration_token(service: Service, body: object) -> None:
    assert (await service.client.post(RESEND, json=body)).status_code == 422


async def test_the_page_confirms_with_the_link_or_with_the_code(service: Service) -> None:
    for by_code in (False, True):
        person = new_person()
        await service.post_account(person)
        mail = await next_mail(service, person.email, "Confirm your registration")
        form = {"password": person.password}
        if by_code:
            form |= {"email": person.email, "username": person.username, "code": code_in(mail)}
        else:
            form |= {"token": token_in(mail)}
        answer = await service.client.post(CONFIRM_PAGE, data=form)
        assert (answer.status_code, "You can sign in" in answer.text) == (200, True)
        assert (await service.post_login(person)).status_code == 200


async def test_a_mail_scanner_does_not_use_up_a_registration_or_an_invitation(service: Service) -> None:
    person, invited = new_person(), new_person()
    await service.post_account(person)
    await invite(service, invited.email)
    confirmation = token_in(await next_mail(service, person.email, "Confirm your registration"))
    invitation = token_in(await next_mail(service, invited.email, "invited"))
    for page, token in ((CONFIRM_PAGE, confirmation), (ACCEPT_PAGE, invitation)):
        assert (await service.client.get(page)).status_code == 200
        assert (await service.client.head(page)).status_code == 200
        empty: dict[str, Any] = {"content": b"", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        assert (await service.client.post(page, **empty)).status_code == 422
        for form in ({"token": ""}, {"token": token}, {"token": token, "password": ""}):
            answer = await service.client.post(page, data=form)
            assert (answer.status_code, "<form" in answer.text) == (422, True), form
    confirmed = await service.client.post(CONFIRM_PAGE, data={"token": confirmation, "password": person.password})
    assert confirmed.status_code == 200
    form = {"token": invitation, "username": invited.username, "password": invited.password}
    assert (await service.client.post(ACCEPT_PAGE, data=form)).status_code == 200


async def test_an_invitation_is_accepted_with_its_token_or_its_code(service: Service) -> None:
    for by_code in (False, True):
        person = new_person()
        await invite(service, person.email)
        mail = await next_mail(service, person.email, "invited")
        assert person.username not in mail.content.text
        body: dict[str, Any] = {"username": person.username, "password": person.password}
        body |= {"email": person.email, "code": code_in(mail)} if by_code else {"token": token_in(mail)}
        answer = await service.client.post(ACCEPT, json=body)
        assert (answer.status_code, answer.json()["email"]) == (201, person.email)
        assert is_problem(await service.client.post(ACCEPT, json=body), 422, "invalid_token")
        assert (await service.post_login(person)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ada", "password": PASSWORD},
        {"token": "dwo_made-up", "username": "ada", "password": PASSWORD},
        {"token": "dwo_made-up", "email": "a@example.com", "username": "ada", "password": PASSWORD},
        {"email": ["a@example.com"], "code": "12345678", "username": "ada", "password": PASSWORD},
        {"email": "a@example.com", "code": "12345678", "username": "ada", "password": PASSWORD},
        {"email": "no address", "code": "12345678", "username": "ada", "password": PASSWORD},
        {"token": "dwo_made-up", "username": "ada", "password": PASSWORD, "roles": ["admin"]},
    ],
)
async def test_an_acceptance_without_a_valid_invitation_is_refused(service: Service, body: object) -> None:
    assert (await service.client.post(ACCEPT, json=body)).status_code == 422


@pytest.mark.parametrize(("mode", "code"), [("closed", "registration_closed"), ("invite", "invitation_required")])
async def test_a_registration_is_refused_with_403_if_the_mode_does_not_permit_it(
    make_service: MakeService, mode: str, code: str
) -> None:
    service = await make_service(registration=mode)
    person = new_person()
    assert is_problem(await service.post_account(person), 403, code)
    assert is_problem(await service.post_register("x", "no address", "short"), 403, code)
    assert service.sql("SELECT 1 FROM users WHERE username = %s", person.username) == []


async def test_an_invitation_is_accepted_with_closed_registration_and_for_any_domain(
    make_service: MakeService, tmp_path: Path
) -> None:
    service = await make_service_with_mail(
        make_service,
        tmp_path,
        registration="closed",
        registration_domains="example.org",
        login_requires_verified_email=True,
    )
    person = new_person()
    await invite(service, person.email)
    token = token_in(await next_mail(service, person.email, "invited"))
    body = {"token": token, "username": person.username, "password": person.password}
    assert (await service.client.post(ACCEPT, json=body)).status_code == 201
    assert (await service.post_login(person)).status_code == 200


async def test_an_address_at_a_domain_that_is_not_permitted_is_refused(
    make_service: MakeService, tmp_path: Path
) -> None:
    service = await make_service_with_mail(
        make_service, tmp_path, registration_domains="example.org", login_requires_verified_email=True
    )
    name = mark()
    for email in (f"{name}@example.com", f"{name}@sub.example.org", f"{name}@example.org.example.com"):
        answer = await service.post_register(name, email, PASSWORD)
        assert is_problem(answer, 403, "registration_domain_refused"), email
    assert (await service.post_register(name, f"{name}@EXAMPLE.org", PASSWORD)).status_code == 201


async def test_without_mail_settings_the_endpoints_exist_and_the_pages_do_not(make_service: MakeService) -> None:
    service = await make_service()
    answer = await service.client.post(RESEND, json={"registration_token": "dwo_made-up"})
    assert is_problem(answer, 403, "mail_not_configured")
    for page in (CONFIRM_PAGE, ACCEPT_PAGE):
        assert (await service.client.get(page)).status_code == 404
