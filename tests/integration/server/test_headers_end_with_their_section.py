"""Trailers are never read as headers, and bodies never as requests."""

import pytest

from tests.integration.server.running import HOST, Server, chunked, get
from tests.integration.service import Logs

TRAILERS = b"X-Forwarded-For: 198.51.100.7\r\nAuthorization: Bearer forged\r\nHost: other.test\r\nConnection: close\r\n"


def test_a_trailer_is_not_read_as_a_header(roomy_server: Server) -> None:
    answer = roomy_server.exchange(chunked("/echo", b"1;extension=a\r\nx\r\n0\r\n" + TRAILERS + b"\r\n"))
    assert answer.status == 200
    assert answer.json["headers"] == [["host", "doorward.test"], ["transfer-encoding", "chunked"]]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_trailer_is_not_read_as_a_header_in_any_packets(roomy_server: Server, size: int) -> None:
    request = chunked("/echo", b"1\r\nx\r\n0\r\n" + TRAILERS + b"\r\n")
    client = roomy_server.connect()
    for start in range(0, len(request), size):
        client.send(request[start : start + size])
    assert len(client.answer().json["headers"]) == 2


@pytest.mark.parametrize("trailer", [b"Connection: close", b"Connection: upgrade\r\nUpgrade: h2c", b"X-Any: 1"])
@pytest.mark.parametrize("path", ["/echo", "/early"])
def test_the_connection_is_closed_after_a_request_with_trailers(
    roomy_server: Server, path: str, trailer: bytes
) -> None:
    client = roomy_server.connect()
    client.send(chunked(path, b"1\r\nx\r\n0\r\n" + trailer + b"\r\n\r\n"))
    client.send_as_far_as_it_is_read(get("/after-trailers"))
    answer = client.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert client.is_closed()
    assert "/after-trailers" not in roomy_server.application.calls


def test_a_trailer_of_a_queued_request_is_not_read_as_a_header(roomy_server: Server) -> None:
    client = roomy_server.connect()
    client.send(get("/hold") + chunked("/echo", b"0\r\n" + TRAILERS + b"\r\n"))
    roomy_server.release()
    assert client.answer().json["path"] == "/hold"
    assert len(client.answer().json["headers"]) == 2


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Folded: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Nul: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Control: a\x01b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Space : a\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://doorward.test HTTP/1.1\r\n" + HOST + b"\r\n",
        b"M" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_an_ambiguous_request_is_refused(roomy_server: Server, request_: bytes) -> None:
    client = roomy_server.connect()
    client.send_as_far_as_it_is_read(request_)
    answer = client.answer()
    assert (answer.status, answer.json["code"]) == (400, "malformed_request")
    assert client.is_closed()


def test_an_upgrade_is_ignored_and_the_next_request_is_answered(roomy_server: Server) -> None:
    upgrade = (b"Connection: Upgrade", b"Upgrade: websocket")
    client = roomy_server.connect()
    client.send(get("/1", *upgrade) + get("/2", *upgrade) + get("/3"))
    assert [client.answer().json["path"] for _ in range(3)] == ["/1", "/2", "/3"]


@pytest.mark.parametrize("length", [b"Content-Length: 31", b"Transfer-Encoding: chunked"])
def test_a_body_after_an_upgrade_is_refused_and_not_read_as_a_request(roomy_server: Server, length: bytes) -> None:
    calls = len(roomy_server.application.calls)
    answer = roomy_server.exchange(get("/smuggler", b"Connection: Upgrade", b"Upgrade: h2c", length) + get("/smuggled"))
    assert (answer.status, answer.json["code"]) == (400, "upgrade_with_body")
    assert len(roomy_server.application.calls) == calls


def test_an_upgrade_is_not_logged(roomy_server: Server, logs: Logs) -> None:
    assert roomy_server.exchange(get("/echo", b"Connection: Upgrade", b"Upgrade: h2c")).status == 200
    # Refusals of earlier tests may be logged during this test.
    assert not [line for line in logs.lines() if line["event"] != "http.connection.refused"]


def test_every_pipelined_request_is_answered_in_order(roomy_server: Server) -> None:
    client = roomy_server.connect()
    client.send(b"".join(get(f"/{number}") for number in range(2000)))
    assert [client.answer().json["path"] for _ in range(2000)] == [f"/{number}" for number in range(2000)]


def test_a_refusal_is_sent_after_the_responses_to_earlier_requests(roomy_server: Server) -> None:
    client = roomy_server.connect()
    client.send(get("/1") + get("/2") + b"GET / HTTP/1.1\r\n\r\n" + get("/3"))
    assert [client.answer().json["path"] for _ in range(2)] == ["/1", "/2"]
    assert client.is_closed()
    assert "/3" not in roomy_server.application.calls[-2:]
