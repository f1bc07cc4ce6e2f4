"""Statuses, bodies and headers of every call, as a client developer sees them."""

import re
import secrets
import uuid

import pytest
import requests

from tests.e2e.people import LIVENESS, ME, READINESS, REFRESH, REGISTER, REVOKE, TOKEN, Client, Person

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "correlation_id"}
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body.keys() >= PROBLEM_MEMBERS
    assert isinstance(body["detail"], str)
    assert body["correlation_id"] == answer.headers["X-Correlation-ID"]


def test_registering_answers_201_with_the_account(client: Client) -> None:
    person = Person()
    answer = client.register(person)
    body = answer.json()
    assert answer.status_code == 201
    assert body.keys() == {"id", "email", "username", "is_active"}
    assert uuid.UUID(body["id"])
    assert (body["email"], body["username"], body["is_active"]) == (person.email, person.username, True)


def test_a_login_answers_with_a_bearer_pair_for_thirty_minutes(client: Client) -> None:
    body = client.token(client.new_person()).json()
    assert body.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)
    assert body["refresh_token"].startswith("dwr_")
    assert body["access_token"].count(".") == 2


def test_a_refresh_answers_in_the_shape_of_a_login_with_both_tokens_new(client: Client) -> None:
    login = client.token(client.new_person()).json()
    refreshed = client.refresh(login["refresh_token"]).json()
    assert refreshed.keys() == login.keys()
    assert refreshed["refresh_token"] != login["refresh_token"]
    assert refreshed["access_token"] != login["access_token"]


def test_me_answers_with_what_registration_answered(client: Client) -> None:
    person = Person()
    registered = client.register(person).json()
    answer = client.me(client.log_in(person).access)
    assert (answer.status_code, answer.json()) == (200, registered)


def test_a_logout_answers_204_without_a_body(client: Client) -> None:
    answer = client.revoke(client.log_in().refresh)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_taken_user_name_and_a_taken_address_are_told_apart(client: Client) -> None:
    person = client.new_person()
    same_name = {"email": Person().email, "username": person.username.upper(), "password": person.password}
    same_address = {"email": person.email.upper(), "username": Person().username, "password": person.password}
    assert_problem(client.call("POST", REGISTER, json=same_name), 409, "username_taken")
    assert_problem(client.call("POST", REGISTER, json=same_address), 409, "email_taken")


def test_an_unknown_user_and_a_wrong_password_get_one_answer(client: Client) -> None:
    known = client.new_person()
    refusals = [client.token(Person(known.username)), client.token(Person())]
    bodies = [{**answer.json(), "correlation_id": ""} for answer in refusals]
    own = {"x-correlation-id", "date"}
    headers = [{each: value for each, value in answer.headers.lower_items() if each not in own} for answer in refusals]
    assert_problem(refusals[0], 401, "invalid_credentials")
    assert bodies[0] == bodies[1]
    assert headers[0] == headers[1]
    assert bodies[0]["error"] == "invalid_grant"


@pytest.mark.parametrize("path", [TOKEN, REFRESH, REVOKE])
def test_refusals_of_the_token_calls_carry_the_members_of_oauth(client: Client, path: str) -> None:
    body = client.call("POST", path, json={} if path != TOKEN else None, data={} if path == TOKEN else None).json()
    assert body.keys() >= PROBLEM_MEMBERS | {"error", "error_description"}


def test_me_without_a_token_and_with_a_wrong_one_says_how_to_authenticate(client: Client) -> None:
    without = client.call("GET", ME)
    assert_problem(without, 401, "missing_access_token")
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
    wrong = client.me(client.log_in().refresh)
    assert_problem(wrong, 401, "invalid_access_token")
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


@pytest.mark.parametrize("way", ["body", "query"])
def test_an_access_token_is_taken_from_the_header_only(client: Client, way: str) -> None:
    token = {"access_token": client.log_in().access}
    answer = client.call("GET", ME, data=token if way == "body" else None, params=token if way == "query" else None)
    assert_problem(answer, 401, "missing_access_token")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_login_is_refused_for_any_other_grant_or_scope(client: Client, fields: dict[str, str], code: str) -> None:
    person = client.new_person()
    form = {"username": person.username, "password": person.password, **fields}
    assert_problem(client.call("POST", TOKEN, data=form), 422, code)


def test_a_login_is_refused_in_the_query_string_and_as_json(client: Client) -> None:
    person = client.new_person()
    form = {"username": person.username, "password": person.password}
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_problem(client.call("POST", TOKEN, params=form, headers=as_form), 422, "credentials_in_query")
    assert_problem(client.call("POST", TOKEN, json=form), 415, "unsupported_media_type")
    assert client.call("POST", TOKEN, data={**form, "grant_type": "password"}).status_code == 200


def test_an_unknown_address_and_a_wrong_method_are_problems(client: Client) -> None:
    assert_problem(client.call("GET", f"/{secrets.token_hex(4)}"), 404, "not_found")
    wrong_method = client.call("DELETE", ME)
    assert_problem(wrong_method, 405, "method_not_allowed")
    assert wrong_method.headers["Allow"] == "GET"


@pytest.mark.parametrize("path", [LIVENESS, READINESS, "/health/startup"])
def test_health_is_ok(client: Client, path: str) -> None:
    answer = client.call("GET", path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", [REGISTER, TOKEN, ME, REFRESH, REVOKE, LIVENESS, "/nowhere"])
def test_every_answer_has_a_correlation_id_and_the_security_headers(client: Client, path: str) -> None:
    headers = client.call("GET", path).headers
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Correlation-ID"])
    assert headers.items() >= SECURITY_HEADERS.items()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "server" not in headers
    assert (headers.get("Cache-Control") == "no-store") == path.startswith("/api/v1/auth")


def test_a_well_formed_correlation_id_is_kept_and_any_other_replaced(client: Client) -> None:
    given = secrets.token_hex(8)
    for sent, kept in [(given, True), ("two words", False), (given * 8, False), ('"quoted"', False)]:
        returned = client.call("GET", LIVENESS, headers={"X-Correlation-ID": sent}).headers["X-Correlation-ID"]
        assert (returned == sent) == kept
