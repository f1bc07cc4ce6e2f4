"""The path that every user of the service walks."""

import pytest
import requests

from tests.e2e.people import Client, Person, tokens_of
from tests.e2e.stack import Service


@pytest.fixture
def client(production_service: Service) -> Client:
    return Client(production_service)


def assert_refused(answer: requests.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_from_registration_to_logout(client: Client) -> None:
    person = Person()
    assert client.register(person).status_code == 201

    first = tokens_of(client.token(person))
    assert client.me(first.access).json()["username"] == person.username

    second = tokens_of(client.refresh(first.refresh))
    assert client.me(second.access).status_code == 200

    assert_refused(client.refresh(first.refresh), "invalid_refresh_token")
    assert_refused(client.refresh(second.refresh), "invalid_refresh_token")
    assert_refused(client.me(second.access), "invalid_access_token")

    third = tokens_of(client.token(person))
    assert client.me(third.access).status_code == 200

    assert client.revoke(third.refresh).status_code == 204
    assert_refused(client.refresh(third.refresh), "invalid_refresh_token")
    assert_refused(client.me(third.access), "invalid_access_token")


def test_a_login_by_e_mail_address_in_another_case_is_the_same_account(client: Client) -> None:
    person = client.new_person()
    by_email = client.call(
        "POST", "/api/v1/auth/token", data={"username": person.email.upper(), "password": person.password}
    )
    assert client.me(tokens_of(by_email).access).json()["username"] == person.username


def test_reuse_in_one_login_leaves_the_users_other_logins_alive(client: Client) -> None:
    person = client.new_person()
    stolen, other = client.log_in(person), client.log_in(person)
    assert client.refresh(stolen.refresh).status_code == 200
    assert client.refresh(stolen.refresh).status_code == 401
    assert client.me(stolen.access).status_code == 401
    assert client.me(other.access).status_code == 200
    assert client.refresh(other.refresh).status_code == 200


def test_any_token_of_a_session_ends_it_also_one_already_replaced(client: Client) -> None:
    first = client.log_in()
    second = tokens_of(client.refresh(first.refresh))
    assert client.revoke(first.refresh).status_code == 204
    assert client.refresh(second.refresh).status_code == 401
    assert client.me(second.access).status_code == 401


def test_revoking_a_token_that_nobody_issued_succeeds(client: Client) -> None:
    assert client.revoke("dwr_unknown").status_code == 204
