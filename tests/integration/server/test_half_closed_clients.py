"""Clients that close their side of the connection after the request, as RFC 9112 section 9.6 allows."""

import pytest

from tests.integration.server.running import HOST, Server, chunked, get, wait_until


@pytest.mark.parametrize("number", [1, 2, 500])
def test_complete_requests_are_answered_before_the_connection_is_closed(roomy_server: Server, number: int) -> None:
    client = roomy_server.connect()
    client.send(get("/echo") * number)
    client.end()
    assert [client.answer().status for _ in range(number)] == [200] * number
    assert client.is_closed()


def test_a_long_running_request_is_answered(crowded_server: Server) -> None:
    client = crowded_server.connect()
    client.send(b"POST /hold HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\na")
    client.end()
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    client.socket.settimeout(60)
    crowded_server.release()
    assert client.socket.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("half", [b"GET /half", chunked("/half", b"5\r\na")])
def test_an_incomplete_request_after_complete_ones_is_dropped(roomy_server: Server, half: bytes) -> None:
    client = roomy_server.connect()
    client.send(get("/1") + get("/2") + half)
    client.end()
    assert [client.answer().json["path"] for _ in range(2)] == ["/1", "/2"]
    assert client.is_closed()


@pytest.mark.parametrize("half", [b"", b"GET /half", chunked("/half", b"5\r\na")])
def test_an_incomplete_request_alone_is_dropped_at_once(roomy_server: Server, half: bytes) -> None:
    client = roomy_server.connect()
    client.send(half)
    client.end()
    assert client.is_closed()


@pytest.mark.parametrize("behind", ["", "/1"], ids=["alone", "before another"])
def test_the_application_is_notified_of_a_fully_closed_connection(hasty_server: Server, behind: str) -> None:
    client = hasty_server.connect()
    client.send(get("/wait") + (get(behind) if behind else b""))
    wait_until(lambda: "/wait" in hasty_server.application.calls)
    client.close()
    wait_until(lambda: "/wait" in hasty_server.application.cut_off)


def test_the_application_is_notified_of_a_disconnect_within_a_body(roomy_server: Server) -> None:
    client = roomy_server.connect()
    client.send(chunked("/gone", b"1388\r\n" + b"a" * 5000 + b"\r\n"))
    wait_until(lambda: "/gone" in roomy_server.application.calls)
    client.close()
    wait_until(lambda: "/gone" in roomy_server.application.cut_off)


def test_a_waiting_client_gets_only_interim_responses_before_the_final_one(hasty_server: Server) -> None:
    client = hasty_server.connect()
    client.send(get("/slow"))
    client.end()
    received = b""
    while part := client.socket.recv(65536):
        received += part
    interim, _, final = received.rpartition(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert interim.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"") == b""
    assert final.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.count(b"HTTP/1.1 200 OK") == 1
