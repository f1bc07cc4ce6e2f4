"""What no client should send: refused fast, as a problem, and never repeated in the answer."""

import secrets
import socket
from urllib.parse import urlsplit

import pytest
import requests

from tests.e2e.people import ME, REFRESH, REGISTER, REVOKE, TOKEN, Client, Person
from tests.e2e.stack import Service
from tests.running_time import RunningTime

KIB = 1024
FAST_SECONDS = 5
AS_JSON = {"Content-Type": "application/json"}
AS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

UNREADABLE_JSON = {
    "nothing": b"",
    "half an object": b'{"email": "',
    "not UTF-8": b'{"email": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "a bare number": b"1e400",
    "deep nesting": b"[" * 30_000,
    "deep nesting of a member": b'{"email": ' + b'{"a":' * 10_000,
    "a number of many digits": b'{"refresh_token": ' + b"9" * 20_000 + b', "email": 1}',
    "wrong types": b'{"email": 1, "username": [], "password": {}, "refresh_token": true}',
    "a lone surrogate": rb'{"email": "\ud800@example.com", "username": "\ud800", "password": "\ud800aaaaaaaa"}',
    "NUL characters": rb'{"email": "a\u0000@example.com", "username": "a\u0000b", "password": "x"}',
    "an unknown member": b'{"refresh_token": "a", "is_admin": true}',
}


def assert_problem(answer: requests.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def raw_status_and_body(service: Service, request: bytes) -> tuple[int, bytes]:
    """Send bytes, leave the connection open, and return the answer: it must come without another byte."""
    where = urlsplit(service.base_url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=60) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as reader:
            status = int(reader.readline().split()[1])
            headers = {}
            while line := reader.readline().strip():
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            return status, reader.read(int(headers[b"content-length"]))


@pytest.mark.parametrize("path", [REGISTER, REFRESH, REVOKE])
@pytest.mark.parametrize("what", UNREADABLE_JSON)
def test_an_unusable_body_is_a_problem(client: Client, running_time: RunningTime, path: str, what: str) -> None:
    started = running_time.now()
    assert_problem(client.call("POST", path, data=UNREADABLE_JSON[what], headers=AS_JSON), 422)
    assert running_time.now() - started < FAST_SECONDS


@pytest.mark.parametrize(
    "form",
    [b"", b"username=a", b"username=%ff%fe&password=x", b"username=a&username=b&password=x", b"\xff\xfe", b"=&=&"],
)
def test_an_unusable_form_is_a_problem(client: Client, form: bytes) -> None:
    assert_problem(client.call("POST", TOKEN, data=form, headers=AS_FORM), 422)


@pytest.mark.parametrize(
    "name",
    [
        "\x00",
        "a\x00b",
        "\u202e",
        "a" * 1000,
        "' OR 1=1 --",
        "x@",
        "@",
        "\U0001f600",
    ],
)
def test_an_odd_user_name_is_an_unknown_one(client: Client, name: str) -> None:
    assert_problem(client.call("POST", TOKEN, data={"username": name, "password": secrets.token_hex(8)}), 401)


@pytest.mark.parametrize("path", [REGISTER, REFRESH, REVOKE, TOKEN])
def test_another_content_type_is_a_problem(client: Client, path: str) -> None:
    assert_problem(client.call("POST", path, data=b"{}", headers={"Content-Type": "text/plain"}), 415)
    assert_problem(client.call("POST", path, data=b"{}"), 415)


def test_twenty_thousand_form_fields_are_refused_fast(client: Client, running_time: RunningTime) -> None:
    started = running_time.now()
    assert_problem(client.call("POST", TOKEN, data=b"a=&" * 20_000, headers=AS_FORM), 422)
    assert_problem(client.call("POST", TOKEN, data=b"username=a&" * 20_000, headers=AS_FORM), 413)
    assert running_time.now() - started < FAST_SECONDS


@pytest.mark.parametrize("path", [REGISTER, TOKEN, REFRESH, REVOKE])
def test_an_announced_body_above_64_kib_is_refused_before_it_is_sent(service: Service, path: str) -> None:
    headers = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {64 * KIB + 1}\r\n\r\n"
    )
    status, body = raw_status_and_body(service, headers.encode())
    assert (status, b'"body_too_large"' in body) == (413, True)


@pytest.mark.parametrize(("path", "kind"), [(REGISTER, "json"), (REFRESH, "json"), (TOKEN, "x-www-form-urlencoded")])
def test_a_chunked_body_is_refused_at_the_byte_too_many(service: Service, path: str, kind: str) -> None:
    size = 64 * KIB + 1
    headers = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/{kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    endless = headers.encode() + f"{size:x}\r\n".encode() + b"a" * size + b"\r\n"
    status, body = raw_status_and_body(service, endless)
    assert (status, b'"body_too_large"' in body) == (413, True)


def test_a_body_of_64_kib_is_read(client: Client) -> None:
    body = b'{"refresh_token": "a"}'.ljust(64 * KIB)
    assert_problem(client.call("POST", REFRESH, data=body, headers=AS_JSON), 401)
    assert_problem(client.call("POST", REFRESH, data=iter([body]), headers=AS_JSON), 401)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer " + "a." * 5000, "Bearer ..", "bearer \xff"],
)
def test_an_odd_authorization_header_is_401(client: Client, authorization: str) -> None:
    answer = client.call("GET", ME, headers={"Authorization": authorization.encode("latin-1")})
    assert_problem(answer, 401)


def test_no_refusal_repeats_what_was_sent(client: Client) -> None:
    mark = f"canary{secrets.token_hex(8)}"
    answers = [
        client.call("POST", REGISTER, json={"email": mark, "username": mark, "password": mark}),
        client.call(
            "POST", REGISTER, json={"email": Person().email, "username": Person().username, "password": [mark]}
        ),
        client.call("POST", REGISTER, json={mark: mark}),
        client.call("POST", REGISTER, data=f'{{"{mark}'.encode(), headers=AS_JSON),
        client.call("POST", TOKEN, data={"username": mark, "password": mark}),
        client.call("POST", TOKEN, data={"username": mark, mark: mark}),
        client.call("POST", TOKEN, data={"username": mark, "grant_type": mark}),
        client.call("POST", TOKEN, params={"password": mark}, headers=AS_FORM),
        client.call("POST", REFRESH, json={"refresh_token": [mark]}),
        client.call("POST", REVOKE, json={"refresh_token": mark, mark: 1}),
        client.call("GET", f"/{mark}"),
        client.call(mark.upper(), ME),
        client.me(mark),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert mark not in answer.text.lower()
        assert mark not in str(answer.headers).lower()
