"""The server of /metrics: its handling of slow, silent and invalid clients, while others are still answered."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from doorward.observability.metrics_server import (
    MAXIMUM_CONNECTIONS,
    MAXIMUM_HEAD_BYTES,
    MetricsPage,
    MetricsServer,
    listen,
)

SMALL, LARGE = b"a_number 1\n", b"a_number 1\n" * 4_000_000
NEVER, SOON = 600.0, 0.2
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


@contextlib.contextmanager
def serving(body: bytes, seconds: float) -> Iterator[int]:
    """Serve this body; yield the port."""
    with listen("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        with MetricsServer(lambda accept: MetricsPage(accept, body), seconds).running(listener):
            yield port


@pytest.fixture
def port() -> Iterator[int]:
    with serving(SMALL, NEVER) as port:
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def read_all(connection: socket.socket) -> bytes:
    """Return all bytes received until the connection is closed or reset."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return bytes(received)


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\n"])
def test_a_client_that_stops_sending_is_disconnected(sent: bytes) -> None:
    with serving(SMALL, SOON) as port, connect(port) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""


def test_a_client_that_sends_byte_by_byte_is_disconnected() -> None:
    closed = threading.Event()
    with serving(SMALL, SOON) as port, connect(port) as connection:

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not closed.wait(SOON / 10):
                    connection.send(b"G")

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert read_all(connection) == b""
        closed.set()
        dripping.join()


def test_a_client_that_does_not_read_is_disconnected() -> None:
    with serving(LARGE, SOON) as port, connect(port) as connection, connect(port) as witness:
        connection.sendall(REQUEST)
        # It connected later, so its timeout ends later.
        assert read_all(witness) == b""
        assert len(read_all(connection)) < len(LARGE)


def test_silent_connections_do_not_block_scrapes_and_use_no_threads(port: int) -> None:
    with contextlib.ExitStack() as stack:
        before = threading.active_count()
        silent = [stack.enter_context(connect(port)) for _ in range(2 * MAXIMUM_CONNECTIONS)]
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).content == SMALL
        assert threading.active_count() == before
        # The oldest one was closed for a new one.
        assert [read_all(each) for each in silent[:MAXIMUM_CONNECTIONS]] == [b""] * MAXIMUM_CONNECTIONS


def test_the_end_of_the_server_closes_open_connections() -> None:
    with serving(SMALL, NEVER) as port:
        connection = connect(port)
    with connection:
        assert read_all(connection) == b""


def test_head_is_answered_without_a_body(port: int) -> None:
    answer = httpx.head(f"http://127.0.0.1:{port}/metrics", headers={"Accept": "text/x"}, trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(SMALL))
    assert answer.headers["content-type"] == "text/x"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_another_method_is_refused(port: int, method: str) -> None:
    answer = httpx.request(method, f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", 200),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * (MAXIMUM_HEAD_BYTES - 100) + b"\r\n\r\n", 200),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * MAXIMUM_HEAD_BYTES, 431),
        (b"GET /" + b"a" * MAXIMUM_HEAD_BYTES, 431),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET  /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/2\r\n\r\n", 400),
        (b"\xff\x00\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
    ],
)
def test_every_request_gets_one_response(port: int, sent: bytes, status: int) -> None:
    with connect(port) as connection:
        connection.sendall(sent)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
