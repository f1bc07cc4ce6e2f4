"""Calls past FastAPI: the same answers as through it, and the same lines in the log."""

from typing import Any

import httpx
import pytest

from doorward.api import v1
from tests.integration.service import ME, REFRESH, Logs, MakeService, Service

JSON = {"Content-Type": "application/json"}
OF_ITS_OWN = {"x-correlation-id"}
"""What differs from answer to answer."""


async def _answers(service: Service, refresh: str) -> list[httpx.Response]:
    """Make the calls that hold no token of their own first: the last ones rotate, and end the session."""
    client = service.client
    return [
        await client.get(ME),
        await client.get(ME, headers={"Authorization": "Basic YTpi"}),
        await client.get(ME, headers={"Authorization": "Bearer nonsense"}),
        await client.head(ME),
        await client.post(ME),
        await client.options(ME),
        await client.get(f"{ME}/"),
        await client.get(REFRESH),
        await client.post(REFRESH),
        await client.post(REFRESH, json={}),
        await client.post(REFRESH, json=[]),
        await client.post(REFRESH, json=None),
        await client.post(REFRESH, json={"refresh_token": None}),
        await client.post(REFRESH, json={"refresh_token": 1}),
        await client.post(REFRESH, json={"refresh_token": "x" * 1025}),
        await client.post(REFRESH, json={"refresh_token": "x", "more": 1}),
        await client.post(REFRESH, json={"refresh_token": "dwr_nonsense"}),
        await client.post(REFRESH, data={"refresh_token": "x"}),
        await client.post(REFRESH, content=b"{", headers=JSON),
        await client.post(REFRESH, content=b"\xff", headers=JSON),
        await client.post(REFRESH, content=b'{"refresh_token": "\\ud800"}', headers=JSON),
        await client.post(REFRESH, content=b"[" * 10_000, headers=JSON),
        await client.post(REFRESH, content=b"1" * 10_000, headers=JSON),
        await client.post(REFRESH, content=b"x" * 70_000, headers=JSON),
        await client.post(REFRESH, json={"refresh_token": refresh}, headers={"Content-Type": "text/plain"}),
        await client.post(REFRESH, json={"refresh_token": refresh}),
        await client.post(REFRESH, json={"refresh_token": refresh}),
    ]


def _comparable(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in OF_ITS_OWN}
    if answer.content and headers["content-type"] == "application/problem+json":
        return answer.status_code, headers, {**answer.json(), "correlation_id": ""}
    # Tokens differ, and with their times their lengths may.
    headers.pop("content-length", None)
    return answer.status_code, headers, sorted(answer.json()) if answer.content else ""


async def test_a_direct_call_answers_as_fastapi_would(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = await make_service()
    monkeypatch.setattr(v1, "DIRECT_CALLS", frozenset())
    through_fastapi = await make_service()
    _, pair = await direct.register_and_log_in()
    _, other_pair = await direct.register_and_log_in()
    for one, other in zip(
        await _answers(direct, pair.refresh), await _answers(through_fastapi, other_pair.refresh), strict=True
    ):
        assert _comparable(one) == _comparable(other), one.request


async def test_an_account_is_shown_alike(make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = await make_service()
    monkeypatch.setattr(v1, "DIRECT_CALLS", frozenset())
    through_fastapi = await make_service()
    _, pair = await direct.register_and_log_in()
    assert (await direct.get_me(pair.access)).content == (await through_fastapi.get_me(pair.access)).content


async def test_a_direct_call_is_logged_by_its_route(service: Service, logs: Logs) -> None:
    await service.client.get(ME)
    (line,) = [line for line in logs.lines() if line["event"] == "http.request"]
    assert (line["method"], line["route"], line["status"]) == ("GET", ME, 401)
