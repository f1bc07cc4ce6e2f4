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
