"""Calls with the most expensive accepted bodies, queries and headers take less than 100 ms of processor time."""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest
from starlette.types import Message

from tests.integration.service import Service
from tests.unit import worst_inputs
from tests.unit.processor_time import ATTEMPTS, budget_seconds

URL_BYTES: Final = 8 * 1024
"""The server's limit for a URL."""

ITEMS: Final = "/api/v1/items"
JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


async def _seconds(
    service: Service, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[float, int]:
    """Return the processor time of the event loop's thread for the call, and the status."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path, "root_path": "",
        "raw_path": path.encode(), "query_string": query.encode(), "client": ("203.0.113.9", 1), "server": ("x", 80),
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
    }  # fmt: skip
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    began = time.thread_time()
    await service.app(scope, receive, send)
    return time.thread_time() - began, status


async def _too_long(
    service: Service, calls: Mapping[str, tuple[str, str, Mapping[str, str], bytes]]
) -> dict[str, float]:
    """Make each call; return those that exceeded the budget in all attempts. No call may return a server error."""
    found = {}
    for name, call in calls.items():
        for _ in range(ATTEMPTS):
            seconds, status = await _seconds(service, *call)
            assert 200 <= status < 500, f"{name}: {status}"
            share = seconds / budget_seconds()
            if share <= 1:
                break
        else:
            found[name] = share
    return found


@pytest.mark.parametrize("call", ["register", "refresh"])
async def test_no_json_body_of_an_unauthenticated_call_takes_100_ms(lasting_service: Service, call: str) -> None:
    member = {"register": "email", "refresh": "refresh_token"}[call]
    bodies = worst_inputs.json_bodies(member).items()
    calls = {name: ("POST", f"/api/v1/auth/{call}", JSON, body) for name, body in bodies}
    assert await _too_long(lasting_service, calls) == {}


async def test_no_form_of_an_unauthenticated_call_takes_100_ms(lasting_service: Service) -> None:
    calls = {name: ("POST", "/api/v1/auth/token", FORM, body) for name, body in worst_inputs.forms().items()}
    assert await _too_long(lasting_service, calls) == {}


@pytest.mark.parametrize("member", ["title", "description", "tags", "year", "visibility"])
async def test_no_item_of_a_user_takes_100_ms(lasting_service: Service, member: str) -> None:
    _, pair = await lasting_service.register_and_log_in()
    headers = {**JSON, "authorization": f"Bearer {pair.access}"}
    calls = {name: ("POST", ITEMS, headers, body) for name, body in worst_inputs.json_bodies(member).items()}
    assert await _too_long(lasting_service, calls) == {}


async def test_no_query_takes_100_ms(lasting_service: Service) -> None:
    _, pair = await lasting_service.register_and_log_in()
    headers = {"authorization": f"Bearer {pair.access}"}
    parts = ["&", "a&", "a=&", "=", "%", "%41", "+", "q=a&", "page=1&", "tag=a&", "%F3%A0%81%81=&", ";"]
    unknown = "&".join(f"{number:x}" for number in range(1_600))
    queries = {"unknown parameters": unknown} | {repr(part): part * (URL_BYTES // len(part)) for part in parts}
    texts = {name: f"q={quote(text)}" for name, text in worst_inputs.texts(300).items()}
    calls = {
        f"{path or 'list'}, {name}": ("GET", f"{ITEMS}{path}?{query}"[:URL_BYTES], headers, b"")
        for path in ("", "/search")
        for name, query in {**queries, **texts}.items()
    }
    assert await _too_long(lasting_service, calls) == {}


@pytest.mark.parametrize(
    "name",
    [
        "accept-encoding", "authorization", "content-length", "content-type", "cookie", "forwarded", "host", "if-match",
        "if-modified-since", "if-none-match", "origin", "range", "traceparent", "tracestate", "x-correlation-id",
        "x-forwarded-for",
    ],
)  # fmt: skip
async def test_no_header_takes_100_ms(lasting_service: Service, name: str) -> None:
    calls = {
        f"{path}, {value_name}": ("GET", path, {name: value}, b"")
        for path in ("/api/v1/auth/me", ITEMS, "/docs", "/openapi.json")
        for value_name, value in worst_inputs.header_values().items()
    }
    assert await _too_long(lasting_service, calls) == {}
