"""Timeouts close their connection, and do not affect ordinary clients."""

import time

import pytest

from tests.integration.server.conftest import MOMENT
from tests.integration.server.running import BIG, HOST, Server, chunked, get, wait_until
from tests.integration.service import Logs, events

HALF_REQUESTS = {
    "one byte": (b"G", "head_timeout"),
    "half a line": (b"GET /", "head_timeout"),
    "half a head": (b"GET / HTTP/1.1\r\nHost: a\r\n", "head_timeout"),
    "a line end": (b"\r\n", "head_timeout"),
    "no body": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n", "body_timeout"),
    "half a body": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\na", "body_timeout"),
    "half a chunk": (chunked("/echo", b"5\r\na"), "body_timeout"),
    "half a trailer": (chunked("/echo", b"1\r\na\r\n0\r\nX: a"), "body_timeout"),
}


def is_reported(logs: Logs, reason: str) -> bool:
    return any(line["reason"] == reason for line in events(logs, "http.connection.refused"))


def test_a_connection_that_is_never_used_is_closed(hasty_server: Server) -> None:
    assert hasty_server.connect().is_closed()


def test_an_idle_connection_is_closed(hasty_server: Server) -> None:
    client = hasty_server.connect()
    client.send(get("/echo"))
    assert client.answer().status == 200
    assert client.is_closed()


@pytest.mark.parametrize("what", HALF_REQUESTS)
def test_an_incomplete_request_gets_408(hasty_server: Server, logs: Logs, what: str) -> None:
    data, code = HALF_REQUESTS[what]
    client = hasty_server.connect()
    client.send(data)
    answer = client.answer()
    assert (answer.status, answer.json["code"]) == (408, code)
    assert client.is_closed()
    wait_until(lambda: is_reported(logs, code))


def test_the_application_is_notified_of_an_incomplete_body(hasty_server: Server) -> None:
    assert hasty_server.exchange(chunked("/cut-off", b"5\r\na")).status == 408
    wait_until(lambda: "/cut-off" in hasty_server.application.cut_off)


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"a"),
        (b"", b"\r\n"),
        (chunked("/echo", b"ff\r\n"), b"a"),
        (chunked("/echo", b"1;"), b"a"),
        (chunked("/echo", b"1\r\na\r\n0\r\nX: "), b"a"),
    ],
)
def test_single_bytes_do_not_keep_a_connection_open(hasty_server: Server, first: bytes, drop: bytes) -> None:
    client = hasty_server.connect()
    client.send(first)
    client.socket.settimeout(MOMENT / 6)
    answer = b""
    while not answer:
        client.send_as_far_as_it_is_read(drop)
        try:
            answer = client.socket.recv(4096)
        except TimeoutError:
            continue
    assert b" 408 " in answer


def test_a_body_that_arrives_fast_enough_may_take_longer(hasty_server: Server) -> None:
    client = hasty_server.connect()
    client.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 1048576\r\n\r\n")
    for _ in range(8):
        time.sleep(MOMENT / 4)
        client.send(b"a" * 128 * 1024)
    assert client.answer().json["size"] == 1024 * 1024


def test_an_incomplete_head_after_a_request_closes_the_connection_after_the_response(hasty_server: Server) -> None:
    client = hasty_server.connect()
    client.send(get("/slow") + b"GET /half HTTP/1.1\r\n")
    assert client.answer().json["path"] == "/slow"
    assert client.is_closed()


@pytest.mark.parametrize("requests", [1, 3])
def test_a_client_that_does_not_read_its_responses_is_disconnected(
    hasty_server: Server, logs: Logs, requests: int
) -> None:
    client = hasty_server.connect(receive_buffer=4096)
    client.send(get("/big") * requests)
    wait_until(lambda: is_reported(logs, "answer_not_read"))
    wait_until(lambda: hasty_server.load[0] == 0)


def test_a_slow_reader_gets_the_whole_response(hasty_server: Server) -> None:
    client = hasty_server.connect(receive_buffer=4096)
    client.send(get("/big"))
    answer = client.answer()
    assert len(answer.body) == BIG


def test_a_connection_that_stays_open_after_an_error_is_closed(hasty_server: Server) -> None:
    client = hasty_server.connect()
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert client.answer().status == 400
    wait_until(lambda: hasty_server.load[0] == 0)
