"""Every call parses JSON (RFC 8259) in the same way: an invalid body has the same response everywhere."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import pytest

from tests.integration.service import Service, is_problem

FIELD: Final = "FIELD"
"""Placeholder for the name of the call's first member that accepts any text, or else of its first member."""

READ_FORMATS: Final = ("date-time", "uuid")

PLAIN: Final = '{"FIELD": "a"}'
MALFORMED: Final = {
    "nothing": b"",
    "white space": b" \n",
    "an open object": b'{"FIELD": "a"',
    "two values": b'{"FIELD": "a"}{}',
    "a comma too many": b'{"FIELD": "a",}',
    "a comment": b'{"FIELD": "a"} // a',
    "single quotes": b"{'FIELD': 'a'}",
    "another white space": b'\x0c{"FIELD": "a"}',
    "a line end in a text": b'{"FIELD": "a\nb"}',
    "NUL": b"\x00",
    "NUL in a text": b'{"FIELD": "a\x00b"}',
    "an unknown escape": rb'{"FIELD": "\x61"}',
    "UTF-8 with a byte order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a byte order mark": PLAIN.encode("utf-16-le"),
    "UTF-32": PLAIN.encode("utf-32"),
    "Latin-1": '{"FIELD": "ä"}'.encode("latin-1"),
    "broken UTF-8": b'{"FIELD": "\xc3("}',
    "an encoded surrogate": b'{"FIELD": "\xed\xa0\x80"}',
    "a lone surrogate": rb'{"FIELD": "\ud800"}',
    "a lone surrogate in a name": rb'{"FIELD": "a", "\udfff": 1}',
    "surrogates the wrong way round": rb'{"FIELD": "\ude00\ud83d"}',
    "a leading zero": b'{"FIELD": 01}',
    "a plus sign": b'{"FIELD": +1}',
    "5,000 digits": b'{"FIELD": ' + b"9" * 5_000 + b"}",
    "10,000 open arrays": b"[" * 10_000,
    "10,000 open objects": b'{"a":' * 10_000,
    "10,000 arrays": b"[" * 10_000 + b"]" * 10_000,
    "300 arrays in a member": b'{"FIELD": ' + b"[" * 300 + b"]" * 300 + b"}",
    "300 arrays in an unknown member": b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
}
NO_OBJECT: Final = [b"null", b"true", b"1", b"1e999", b"NaN", b'"a"', b"[]", b"[" * 100 + b"]" * 100]
NO_TEXT: Final = [b"null", b"true", b"1", b"1e999", b"NaN", b"-Infinity", b"[]", b"{}", b"[" * 100 + b"]" * 100]


class JsonCall(NamedTuple):
    """A call of the OpenAPI document with a JSON body, and the name of the member to send."""

    method: str
    path: str
    field: str
    takes_any_text: bool
    """Whether the member is a text that is not an enumeration and never null."""


class Caller:
    """A signed-in user who sends one body to all calls that accept JSON."""

    def __init__(self, service: Service, access_token: str, calls: list[JsonCall]) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/json"}
        self.calls = calls

    async def send(self, body: bytes) -> list[tuple[str, httpx.Response]]:
        """Return each call's response, preceded by the pointer to the member."""
        return [(f"/body/{call.field}", await self._send(call, body)) for call in self.calls]

    async def send_text(self, body: bytes) -> list[tuple[str, httpx.Response]]:
        """Do the same for the calls whose member is any text."""
        texts = [call for call in self.calls if call.takes_any_text]
        return [(f"/body/{call.field}", await self._send(call, body)) for call in texts]

    async def _send(self, call: JsonCall, body: bytes) -> httpx.Response:
        for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
            body = body.replace(FIELD.encode(encoding), call.field.encode(encoding))
        address = _address_of(call.path)
        return await self._service.client.request(call.method, address, content=body, headers=self._headers)


def is_any_text(member: Mapping[str, Any]) -> bool:
    """Return whether a member accepts any text: it is not an enumeration, a time or an id."""
    return member.get("type") == "string" and "enum" not in member and member.get("format") not in READ_FORMATS


def _address_of(path: str) -> str:
    """Return a URL for the path with the id of no object."""
    return re.sub(r"\{\w+\}", str(uuid4()), path)


def _errors_at(answer: httpx.Response, pointer: str) -> list[str]:
    return [error["code"] for error in answer.json().get("errors", []) if error["pointer"] == pointer]


@pytest.fixture
async def caller(service: Service) -> Caller:
    person, pair = await service.register_and_log_in()
    service.sql("UPDATE users SET roles = '{admin}' WHERE id = %s", person.id)
    document = (await service.client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    calls = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            # File bodies are not objects with members.
            if content and "$ref" in content["schema"]:
                members = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
                texts = [name for name, each in members.items() if is_any_text(each)]
                field = next(iter([*texts, *members]))
                calls.append(JsonCall(method.upper(), path, field, takes_any_text=bool(texts)))
    return Caller(service, pair.access, calls)


async def test_the_openapi_document_describes_the_body_of_each_call(caller: Caller) -> None:
    assert {(call.method, call.path.rpartition("/")[2], call.field) for call in caller.calls} >= {
        ("POST", "register", "email"),
        ("POST", "refresh", "refresh_token"),
        ("POST", "revoke", "refresh_token"),
        ("POST", "forgot", "email"),
        ("POST", "reset", "new_password"),
        ("POST", "verify", "token"),
        ("POST", "password", "current_password"),
        ("POST", "end", "which"),
        ("POST", "items", "title"),
        ("PUT", "{item_id}", "title"),
        ("PATCH", "{item_id}", "title"),
    }
    taking_some = {call.path.rpartition("/")[2] for call in caller.calls if not call.takes_any_text}
    of_several_ways = {"verify", "confirm", "reauthenticate", "options", "token"}
    assert taking_some == {*of_several_ways, "end", "{name}", "retry", "replay", "rotate"}


async def test_a_body_that_is_not_utf_8_json_is_malformed(caller: Caller) -> None:
    for what, body in MALFORMED.items():
        for _, answer in await caller.send(body):
            assert is_problem(answer, 422, "malformed_body"), (what, answer.request, answer.text)
            assert "errors" not in answer.json()


async def test_a_body_that_is_not_an_object_is_an_invalid_request(caller: Caller) -> None:
    for body in NO_OBJECT:
        for _, answer in await caller.send(body):
            assert is_problem(answer, 422, "invalid_request"), (body, answer.request, answer.text)
            (error,) = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == ("/body", "model_type"), body


async def test_a_member_that_is_not_text_is_reported(caller: Caller) -> None:
    for value in NO_TEXT:
        for pointer, answer in await caller.send_text(b'{"FIELD": ' + value + b"}"):
            assert is_problem(answer, 422, "invalid_request"), (value, answer.request, answer.text)
            assert _errors_at(answer, pointer) == ["string_type"], (value, answer.request)


async def test_an_unknown_member_is_refused(caller: Caller) -> None:
    for pointer, answer in await caller.send_text(b'{"FIELD": "a", "b": NaN}'):
        assert is_problem(answer, 422, "invalid_request"), answer.request
        assert (_errors_at(answer, pointer), _errors_at(answer, "/body/b")) == ([], ["extra_forbidden"])


async def test_of_a_repeated_member_the_last_value_is_used(caller: Caller) -> None:
    for pointer, answer in await caller.send_text(b'{"FIELD": "a", "FIELD": 1}'):
        assert _errors_at(answer, pointer) == ["string_type"], answer.request
    for pointer, answer in await caller.send_text(b'{"FIELD": 1, "FIELD": "a"}'):
        assert not answer.content or _errors_at(answer, pointer) == [], answer.request


async def test_a_body_is_not_parsed_before_its_sender_is_authenticated(caller: Caller, service: Service) -> None:
    headers = {"Content-Type": "text/plain"}
    for call in caller.calls:
        answer = await service.client.request(call.method, _address_of(call.path), content=b"{", headers=headers)
        assert answer.status_code == (415 if "/auth/" in call.path else 401)
