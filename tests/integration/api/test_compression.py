"""Lists are compressed for clients that accept it; responses with tokens never are."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from development.client import REFRESH, TOKEN
from doorward.api.compression import MINIMUM_COMPRESSED_BYTES, compressed
from doorward.api.v1 import calls
from tests.integration.service import MakeService, Service

LIST = "/api/v1/items"
COMPRESSED_CALLS = frozenset(call.path for call in calls() if call.policy.is_compressed)
LONG = "a long list " * 1000
SHORT = "x" * (MINIMUM_COMPRESSED_BYTES - 1)


@pytest.fixture
async def lists() -> AsyncIterator[httpx.AsyncClient]:
    """An application with one route that returns a list."""
    app = FastAPI()

    async def long(text: str = LONG) -> PlainTextResponse:
        return PlainTextResponse(text)

    app.add_api_route(LIST, long)
    transport = httpx.ASGITransport(compressed(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://doorward.test") as client:
        yield client


async def _raw(client: httpx.AsyncClient, accept: str | None, text: str = LONG) -> tuple[httpx.Response, bytes]:
    request = client.build_request("GET", LIST, params={"text": text})
    request.headers.pop("accept-encoding")
    if accept is not None:
        request.headers["Accept-Encoding"] = accept
    answer = await client.send(request, stream=True)
    return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("accept", ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1"])
async def test_a_long_list_is_compressed_for_clients_that_accept_it(lists: httpx.AsyncClient, accept: str) -> None:
    answer, raw = await _raw(lists, accept)
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(raw) < len(LONG)
    assert gzip.decompress(raw).decode() == LONG


@pytest.mark.parametrize("accept", [None, "", "identity", "br", "gzip;q=0", "GZIP; q=0.000, br", "br, gzip ; q=0"])
async def test_a_long_list_is_uncompressed_with_a_vary_header_for_other_clients(
    lists: httpx.AsyncClient, accept: str | None
) -> None:
    answer, raw = await _raw(lists, accept)
    assert "content-encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["vary"]
    assert raw.decode() == LONG


async def test_a_short_list_is_not_compressed(lists: httpx.AsyncClient) -> None:
    answer, raw = await _raw(lists, "gzip", SHORT)
    assert "content-encoding" not in answer.headers
    assert raw.decode() == SHORT


async def test_a_list_of_the_minimum_size_is_compressed(lists: httpx.AsyncClient) -> None:
    answer, _ = await _raw(lists, "gzip", SHORT + "x")
    assert answer.headers["content-encoding"] == "gzip"


async def test_responses_with_tokens_are_not_compressed(make_service: MakeService) -> None:
    service = await make_service(jwt_issuer="i" * MINIMUM_COMPRESSED_BYTES)
    asked = {"Accept-Encoding": "gzip"}
    person = await service.register()
    form = {"username": person.username, "password": person.password}
    login = await service.client.post(TOKEN, data=form, headers=asked)
    refresh_token = login.json()["refresh_token"]
    refresh = await service.client.post(REFRESH, json={"refresh_token": refresh_token}, headers=asked)
    for answer in (login, refresh):
        assert answer.status_code == 200
        assert len(answer.content) > MINIMUM_COMPRESSED_BYTES
        assert "content-encoding" not in answer.headers


async def _items_of_one_user(service: Service) -> dict[str, str]:
    """Add items for a long list, and one public item; return the headers of their owner."""
    _, pair = await service.register_and_log_in()
    headers = {"Authorization": f"Bearer {pair.access}"}
    for number in range(12):
        body = {"title": f"Compressible {number}", "description": "so that the list is long " * 8}
        assert (await service.client.post(LIST, json=body, headers=headers)).status_code == 201
    return headers


@pytest.mark.parametrize("call", [LIST, f"{LIST}?after=", f"{LIST}/search?q=compressible"])
async def test_the_lists_of_the_application_are_compressed(service: Service, call: str) -> None:
    headers = await _items_of_one_user(service)
    plain = await service.client.get(call, headers={**headers, "Accept-Encoding": "identity"})
    packed = await service.client.get(call, headers={**headers, "Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.json() == plain.json()
    assert len(packed.json()["items"]) >= 12


async def test_a_list_names_every_header_it_varies_by(make_service: MakeService) -> None:
    service = await make_service(cors_allow_origins="https://app.example.com")
    headers = await _items_of_one_user(service)
    answer = await service.client.get(LIST, headers={**headers, "Origin": "https://app.example.com"})
    assert {each.strip() for each in answer.headers["vary"].split(",")} == {
        "Accept-Encoding",
        "Authorization",
        "Origin",
    }


async def test_no_compressed_response_has_a_strong_entity_tag(service: Service) -> None:
    """Both encodings of the response would have the same tag (RFC 9110 section 8.8.3.3)."""
    headers = await _items_of_one_user(service)
    for path in COMPRESSED_CALLS:
        answer = await service.client.get(
            path, params={"q": "compressible"} if "search" in path else {}, headers=headers
        )
        assert answer.headers["content-encoding"] == "gzip"
        assert not answer.headers.get("etag", "W/").startswith('"')


async def test_one_item_is_never_compressed(service: Service) -> None:
    headers = await _items_of_one_user(service)
    body = {"title": "One", "description": "long " * 400}
    location = (await service.client.post(LIST, json=body, headers=headers)).headers["location"]
    answer = await service.client.get(location, headers={**headers, "Accept-Encoding": "gzip"})
    assert len(answer.content) > MINIMUM_COMPRESSED_BYTES
    assert "content-encoding" not in answer.headers


def test_only_lists_are_compressed() -> None:
    packed = {f"{call.method} {call.path}" for call in calls() if call.policy.is_compressed}
    assert packed >= {f"GET {LIST}", f"GET {LIST}/search"}
    assert not [call for call in packed if "/auth" in call or "{" in call or not call.startswith("GET ")]
