"""The limit of 64 KiB on bodies: with a Content-Length, chunked, at the exact limit, and with an invalid length."""

from collections.abc import AsyncIterator

import pytest

from development.client import REFRESH, REGISTER, REVOKE, TOKEN
from tests.integration.service import Service, is_problem

JSON_CALLS = [REGISTER, REFRESH, REVOKE]
LIMIT = 64 * 1024
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """An application shared by these tests, which do not change it."""
    return lasting_service


@pytest.mark.parametrize("path", [REGISTER, TOKEN, REFRESH, REVOKE, "/health/liveness", "/nowhere"])
async def test_a_content_length_above_64_kib_is_refused_before_the_body_is_read(service: Service, path: str) -> None:
    async def never_read() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    headers = {"Content-Type": "application/json", "Content-Length": str(LIMIT + 1)}
    answer = await service.client.post(path, content=never_read(), headers=headers)
    assert is_problem(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("path", "content_type"), [(REGISTER, "application/json"), (TOKEN, FORM)])
async def test_a_chunked_body_is_refused_as_soon_as_it_exceeds_64_kib(
    service: Service, path: str, content_type: str
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b"x" * 1024

    answer = await service.client.post(path, content=endless(), headers={"Content-Type": content_type})
    assert is_problem(answer, 413, "body_too_large")
    assert sent == LIMIT + 1024


@pytest.mark.parametrize("way", ["announced", "chunked"])
async def test_a_body_of_exactly_64_kib_is_accepted(service: Service, way: str) -> None:
    body = b"username=a&password=" + b"x" * (LIMIT - 20)

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    headers = {"Content-Type": FORM}
    answer = await service.client.post(TOKEN, content=pieces() if way == "chunked" else body, headers=headers)
    assert is_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("length", ["-1", "1.5", "garbage", "", "+5", "0x10", "9" * 5000, "1e3", "\u00b2"])
async def test_a_content_length_that_is_not_a_number_is_refused(service: Service, length: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"Content-Type", FORM.encode()), (b"Content-Length", length.encode())]
    answer = await service.client.post(TOKEN, content=b"a=b", headers=headers)
    assert is_problem(answer, 413, "body_too_large")
