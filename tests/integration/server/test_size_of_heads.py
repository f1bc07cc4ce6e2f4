"""Limits of URL and headers: the refusal is sent before the rest is read, and excess data is not buffered."""

import pytest

from doorward.server.limits import MAXIMUM_FIELDS, MAXIMUM_HEAD_BYTES, MAXIMUM_URL_BYTES
from tests.integration.server.running import HOST, Server, chunked, get, wait_until
from tests.integration.service import Logs, events

ENDLESS_BYTES = 4 * 1024 * 1024

ENDLESS = {
    "a URL": (b"GET /", b"a", 414, "url_too_long"),
    "a name": (b"GET / HTTP/1.1\r\n", b"a", 431, "headers_too_large"),
    "a value": (b"GET / HTTP/1.1\r\nX: ", b"a", 431, "headers_too_large"),
    "short headers": (b"GET / HTTP/1.1\r\n", b"a: b\r\n", 431, "headers_too_large"),
    "line ends": (b"", b"\r\n", 431, "headers_too_large"),
    "a chunk extension": (chunked("/echo", b"5;a="), b"a", 431, "headers_too_large"),
    "a trailer's value": (chunked("/echo", b"1\r\na\r\n0\r\nX: "), b"a", 431, "headers_too_large"),
    "a trailer's name": (chunked("/echo", b"1\r\na\r\n0\r\n"), b"a", 431, "headers_too_large"),
    "trailers": (chunked("/echo", b"1\r\na\r\n0\r\n"), b"a: b\r\n", 431, "headers_too_large"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_endless_data_is_refused(roomy_server: Server, logs: Logs, what: str) -> None:
    first, rest, status, code = ENDLESS[what]
    client = roomy_server.connect()
    client.send_as_far_as_it_is_read(first + rest * (ENDLESS_BYTES // len(rest)))
    answer = client.answer()
    assert (answer.status, answer.json["code"]) == (status, code)
    assert client.is_closed()
    wait_until(lambda: is_reported(logs, code))


def is_reported(logs: Logs, code: str) -> bool:
    """Return whether a line with this reason was logged; check that no line has other members."""
    lines = events(logs, "http.connection.refused")
    assert all(set(line) <= {"timestamp", "level", "event", "reason", "count", "peer"} for line in lines)
    return any(line["reason"] == code for line in lines)


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 414)])
def test_a_url_has_at_most_8_kib(roomy_server: Server, excess: int, status: int) -> None:
    path = "/".ljust(MAXIMUM_URL_BYTES + excess, "a")
    assert roomy_server.exchange(get(path)).status == status


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 431)])
def test_a_head_has_at_most_100_fields(roomy_server: Server, excess: int, status: int) -> None:
    fields = [b"X: y"] * (MAXIMUM_FIELDS - 1 + excess)
    assert roomy_server.exchange(get("/echo", *fields)).status == status


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 431)])
def test_a_head_has_at_most_32_kib(roomy_server: Server, excess: int, status: int) -> None:
    filled = len(b"/echo" + HOST + b"X: \r\n")
    assert roomy_server.exchange(get("/echo", b"X: " + b"a" * (MAXIMUM_HEAD_BYTES - filled + excess))).status == status


def test_a_large_head_in_small_packets_is_accepted(roomy_server: Server) -> None:
    client = roomy_server.connect()
    request = get("/echo", *([b"X: " + b"a" * 300] * 90))
    for start in range(0, len(request), 100):
        client.send(request[start : start + 100])
    assert len(client.answer().json["headers"]) == 91


def test_large_bodies_in_chunks_of_any_size_are_accepted(roomy_server: Server) -> None:
    body = b"1\r\na\r\n" * 100_000 + b"20000\r\n" + b"a" * 0x20000 + b"\r\n0\r\n\r\n"
    assert roomy_server.exchange(chunked("/echo", body)).json["size"] == 100_000 + 0x20000


def test_an_unread_body_closes_the_connection_after_a_bounded_size(roomy_server: Server) -> None:
    client = roomy_server.connect()
    client.send(chunked("/early", b""))
    assert client.answer().status == 200
    megabytes = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    with pytest.raises(ConnectionError):
        client.send(megabytes * 64)


def test_a_refusal_is_a_problem_document_with_the_usual_headers(roomy_server: Server) -> None:
    answer = roomy_server.exchange(b"GET / HTTP/1.1\r\n\r\n")
    assert answer.status == 400
    assert answer.json == {
        "type": "urn:doorward:problem:invalid_host",
        "title": "Bad Request",
        "status": 400,
        "detail": "The request needs exactly one Host header, with a host and optionally a port.",
        "code": "invalid_host",
        "correlation_id": answer.headers["x-correlation-id"],
    }
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["strict-transport-security"]


def test_a_refusal_at_a_token_endpoint_has_the_oauth_members(roomy_server: Server) -> None:
    answer = roomy_server.exchange(chunked("/api/v1/auth/token", b"not a length\r\n"))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
