"""The headers that are added to a response, and the limit of a request body."""

from collections.abc import Sequence

import pytest
from starlette.types import Message

from doorward.api.draining import Drain
from doorward.api.exceptions import BodyTooLargeError
from doorward.api.middleware.exchange import Exchange

OF_SUCCESS = ((b"x", b"success"),)
OF_REFUSAL = ((b"x", b"refusal"),)
OWN = ((b"x-correlation-id", b"1"),)


async def _sent(messages: Sequence[Message], *, has_body: bool = True, drain: Drain | None = None) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    exchange = Exchange(
        receive,
        send,
        limit=0,
        has_body=has_body,
        policy_headers=(OF_SUCCESS, OF_REFUSAL),
        drain=drain or Drain(),
    )
    exchange.extra_headers = OWN
    for message in messages:
        await exchange.send(message)
    return sent


def _start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


@pytest.mark.parametrize(
    ("status", "added"), [(200, OF_SUCCESS), (304, OF_SUCCESS), (400, OF_REFUSAL), (503, OF_REFUSAL)]
)
async def test_a_response_has_the_headers_of_its_policy(status: int, added: tuple[tuple[bytes, bytes], ...]) -> None:
    (start,) = await _sent([_start(status, (b"etag", b'"1"'))])
    assert start["headers"] == [(b"etag", b'"1"'), *added, *OWN]


async def test_a_response_to_head_has_no_body_and_keeps_its_length() -> None:
    start, body = await _sent(
        [_start(200, (b"content-length", b"4")), {"type": "http.response.body", "body": b"text"}], has_body=False
    )
    assert (b"content-length", b"4") in start["headers"]
    assert body["body"] == b""


@pytest.mark.parametrize("headers", [(), ((b"connection", b"close"),)])
async def test_during_a_drain_each_response_closes_its_connection(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    drain = Drain()
    drain.has_begun = True
    (start,) = await _sent([_start(200, *headers)], drain=drain)
    assert start["headers"].count((b"connection", b"close")) == 1


async def test_a_body_is_refused_at_the_first_byte_above_the_limit() -> None:
    parts = iter([b"12345", b"67890", b"1"])

    async def receive() -> Message:
        return {"type": "http.request", "body": next(parts), "more_body": True}

    async def send(_: Message) -> None:
        raise AssertionError

    exchange = Exchange(receive, send, limit=10, has_body=True, policy_headers=((), ()), drain=Drain())
    assert [(await exchange.receive())["body"] for _ in range(2)] == [b"12345", b"67890"]
    with pytest.raises(BodyTooLargeError):
        await exchange.receive()
