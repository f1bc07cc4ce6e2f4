"""Invalid input: refusals have one format, are quick, and never repeat the input.

Bodies that are not JSON or not an object are tested in `test_json_bodies.py`.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from development.client import PASSWORD, REFRESH, REGISTER, REVOKE, TOKEN
from tests.integration.service import Logs, Service, is_problem, mark

JSON_CALLS = [REGISTER, REFRESH, REVOKE]
LIMIT = 64 * 1024
FORM = "application/x-www-form-urlencoded"
NO_JSON = [
    "",
    "text/plain",
    FORM,
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/problem+json",
    "json",
]


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """An application shared by these tests, which do not change it."""
    return lasting_service


async def _post(service: Service, path: str, body: bytes, content_type: str = "application/json") -> httpx.Response:
    return await service.client.post(path, content=body, headers={"Content-Type": content_type})


async def _post_form(service: Service, body: str | bytes) -> httpx.Response:
    return await _post(service, TOKEN, body.encode() if isinstance(body, str) else body, FORM)


def _account(**changes: object) -> dict[str, object]:
    name = mark()
    return {"email": f"{name}@example.com", "username": name, "password": PASSWORD, **changes}


@pytest.mark.parametrize(
    ("path", "content_type"),
    # A logout may be a form, too: tests/integration/auth/test_standard_forms.py.
    [(path, each) for path in JSON_CALLS for each in NO_JSON if (path, each) != (REVOKE, FORM)],
)
async def test_a_json_call_accepts_only_json(service: Service, path: str, content_type: str) -> None:
    assert is_problem(await _post(service, path, b"{}", content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", JSON_CALLS)
async def test_a_json_call_needs_a_content_type(service: Service, path: str) -> None:
    assert is_problem(await service.client.post(path, content=b"{}"), 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json "])
async def test_a_json_content_type_is_accepted_in_any_spelling(service: Service, content_type: str) -> None:
    assert (await _post(service, REGISTER, json.dumps(_account()).encode(), content_type)).status_code == 201


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_the_token_call_accepts_only_forms(service: Service, content_type: str) -> None:
    answer = await _post(service, TOKEN, b'{"username": "ada", "password": "x"}', content_type)
    assert is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("field", ["email", "username", "password"])
@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, ["text"], {"text": 1}, "x" * 1025])
async def test_a_field_of_the_wrong_type_is_reported(service: Service, field: str, value: object) -> None:
    answer = await service.client.post(REGISTER, json=_account(**{field: value}))
    assert is_problem(answer, 422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert (set(error), error["pointer"]) == ({"pointer", "code", "detail"}, f"/body/{field}")


@pytest.mark.parametrize("field", ["email", "username", "password"])
async def test_a_missing_field_is_reported(service: Service, field: str) -> None:
    body = _account()
    del body[field]
    answer = await service.client.post(REGISTER, json=body)
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/body/{field}"]
    assert answer.json()["errors"][0]["code"] == "missing"


async def test_an_unknown_member_is_reported_without_its_value(service: Service) -> None:
    secret = mark()
    answer = await service.client.post(REGISTER, json=_account(is_active=secret, **{"a/b~c": secret}))
    assert is_problem(answer, 422, "invalid_request")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/body/is_active", "/body/a~1b~0c"}
    assert secret not in answer.text


@pytest.mark.parametrize("name", ["x" * 1000, "<script>\u202e\x00\n", "\u00e9" * 100])
async def test_a_reported_member_name_is_truncated_and_its_odd_characters_replaced(service: Service, name: str) -> None:
    answer = await service.client.post(REGISTER, json=_account(**{name: 1}))
    ((pointer,),) = ([error["pointer"] for error in answer.json()["errors"]],)
    assert len(pointer) <= len("/body/") + 64
    assert pointer.isascii()
    assert pointer.isprintable()
    assert "<" not in pointer


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "no address"}, "invalid_email"),
        ({"email": "a@b@example.com"}, "invalid_email"),
        ({"email": "ada\x00@example.com"}, "invalid_email"),
        ({"username": "ab"}, "invalid_username"),
        ({"username": "\u0430da"}, "invalid_username"),
        ({"username": "ada\x00"}, "invalid_username"),
        ({"password": "short"}, "password_length"),
        ({"password": "x" * 257}, "password_length"),
        ({"username": "-dash"}, "invalid_username"),
        ({"username": "Ad.Min"}, "username_reserved"),
        ({"password": " " * 10}, "password_blank"),
        ({"password": "password1"}, "password_too_common"),
        ({"password": "Summer2024!"}, "password_too_common"),
        ({"username": "my.own.name", "password": "My.Own.Name"}, "password_is_name"),
    ],
)
async def test_each_violated_rule_has_its_code(service: Service, changes: dict[str, object], code: str) -> None:
    assert is_problem(await service.client.post(REGISTER, json=_account(**changes)), 422, code)


def _spoilt(field: str, secret: str) -> list[dict[str, Any]]:
    """Return invalid bodies with a secret in the field, each invalid for a different reason."""
    return [
        _account(**{field: [secret]}),
        _account(**{field: {secret: secret}}),
        _account(**{field: secret * 100}),
        _account(**{field: f"{secret}\x00\u200b"}, extra=secret),
        {field: secret},
    ]


@pytest.mark.parametrize("field", ["email", "username", "password", "refresh_token"])
@pytest.mark.parametrize("path", JSON_CALLS)
async def test_refused_json_is_not_repeated_in_the_response_or_the_log(
    service: Service, logs: Logs, path: str, field: str
) -> None:
    secret = mark()
    for body in _spoilt(field, secret):
        answer = await service.client.post(path, json=body)
        assert secret not in answer.text
        assert secret not in str(answer.headers)
    assert secret not in logs.getvalue()


@pytest.mark.parametrize("field", ["username", "password", "grant_type", "scope", "client_id", "client_secret", "more"])
async def test_refused_forms_are_not_repeated_in_the_response_or_the_log(
    service: Service, logs: Logs, field: str
) -> None:
    secret = mark()
    for form in (f"{field}={secret}", f"{field}={secret}&{field}=b", f"username=a&password=b&{field}={secret * 100}"):
        answer = await _post_form(service, form)
        assert answer.status_code in {401, 422}
        assert secret not in answer.text
    assert secret not in logs.getvalue()


@pytest.mark.parametrize("grant", ["authorization_code", "client_credentials", "PASSWORD"])
async def test_an_unsupported_grant_type_is_refused_with_the_oauth_error(service: Service, grant: str) -> None:
    person = await service.register()
    form = {"username": person.username, "password": PASSWORD, "grant_type": grant}
    answer = await service.client.post(TOKEN, data=form)
    assert is_problem(answer, 422, "unsupported_grant_type")
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("scope", ["admin", "account admin", "ACCOUNT", "*"])
async def test_an_invalid_scope_is_refused_with_the_oauth_error(service: Service, scope: str) -> None:
    person = await service.register()
    form = {"username": person.username, "password": PASSWORD, "scope": scope}
    answer = await service.client.post(TOKEN, data=form)
    assert is_problem(answer, 422, "invalid_scope")
    assert answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize("query", ["username=a&password=b", "password=b", "x", "grant_type=password"])
async def test_valid_credentials_in_the_query_string_are_refused(service: Service, query: str) -> None:
    person = await service.register()
    form = {"username": person.username, "password": PASSWORD}
    assert is_problem(await service.client.post(f"{TOKEN}?{query}", data=form), 422, "credentials_in_query")


@pytest.mark.parametrize("form", ["username=a&password=b&password=c", "username=a&username=a&password=b"])
async def test_a_repeated_field_is_refused(service: Service, form: str) -> None:
    assert is_problem(await _post_form(service, form), 422, "malformed_form")


@pytest.mark.parametrize("ignored", ["audience=x", "audience=x&resource=y", "grant_type=", "scope=&client_id="])
async def test_unknown_and_empty_fields_are_ignored(service: Service, ignored: str) -> None:
    person = await service.register()
    form = f"{ignored}&username={person.username}&password={PASSWORD.replace(' ', '+')}"
    assert (await _post_form(service, form)).status_code == 200


@pytest.mark.parametrize("form", ["audience=x&audience=y", "scope=&scope="])
async def test_a_repeated_field_is_refused_even_if_the_field_is_ignored(service: Service, form: str) -> None:
    assert is_problem(await _post_form(service, f"username=a&password=b&{form}"), 422, "malformed_form")


@pytest.mark.parametrize(
    ("form", "missing"),
    [("", 2), ("username=a", 1), ("password=b", 1), ("&&&", 2), ("=", 2), ("username=a&password=", 1)],
)
async def test_an_incomplete_form_is_refused(service: Service, form: str, missing: int) -> None:
    answer = await _post_form(service, form)
    assert is_problem(answer, 422, "invalid_request")
    assert len(answer.json()["errors"]) == missing
    assert all(error["pointer"].startswith("/body") for error in answer.json()["errors"])


@pytest.mark.parametrize("fields", [41, 20_000])
async def test_too_many_fields_are_refused(service: Service, fields: int) -> None:
    answer = await _post_form(service, "&".join(f"f{number:x}=" for number in range(fields))[:LIMIT])
    assert is_problem(answer, 422, "malformed_form")


async def test_bytes_that_are_not_utf_8_are_refused(service: Service) -> None:
    for form in (b"username=\xff&password=b", b"username=%FF&password=b", b"username=%ED%A0%80&password=b"):
        assert is_problem(await _post_form(service, form), 422, "malformed_body")


@pytest.mark.parametrize("name", ["%", "%zz", "%00", "a%00b", "a%0d%0ab", "%40", "a%40%00", "%F0%9F%94%91", "'--", "+"])
async def test_an_invalid_user_name_is_refused_like_an_unknown_one(service: Service, name: str) -> None:
    assert is_problem(await _post_form(service, f"username={name}&password=b"), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("path", "make"),
    [
        (TOKEN, lambda: ({"username": "nobody", "password": "wrong"}, FORM)),
        (REFRESH, lambda: ('{"refresh_token": "dwr_unknown"}', "application/json")),
    ],
)
async def test_a_refusal_at_the_token_endpoints_has_the_oauth_members(
    service: Service, path: str, make: Callable[[], tuple[Any, str]]
) -> None:
    body, content_type = make()
    content = {"data": body} if isinstance(body, dict) else {"content": body}
    answer = await service.client.post(path, headers={"Content-Type": content_type}, **content)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_description"] == answer.json()["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="doorward"'
