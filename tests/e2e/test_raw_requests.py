"""What the server must hold for the whole service, byte by byte: trailers, half-closed clients, Host."""

import json
import secrets
import socket
from urllib.parse import urlsplit

from development.client import ME, REFRESH, TOKEN, ApiClient
from tests.e2e.people import Server
from tests.e2e.stack import Service

HEAD = "{method} {path} HTTP/1.1\r\nHost: doorward.test\r\n"


def raw_answer(server: Server, request: bytes, *, half_close: bool = False) -> tuple[int, bytes]:
    """Send bytes; return the status and the body of the answer, read to the connection's end."""
    where = urlsplit(server.base_url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=60) as connection:
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as reader:
            head, _, body = reader.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def with_trailer(method: str, path: str, content_type: str, body: str, trailer: str) -> bytes:
    """Return a request with a chunked body and a trailer, which asks for the end of the connection."""
    head = HEAD.format(method=method, path=path) + f"Content-Type: {content_type}\r\nConnection: close\r\n"
    chunk = f"{len(body):x}\r\n{body}\r\n" if body else ""
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n{trailer}\r\n\r\n".encode()


def me_with_trailer(access_token: str) -> bytes:
    return with_trailer("GET", ME, "text/plain", "", f"Authorization: Bearer {access_token}")


def login_with_trailer(address: str) -> bytes:
    """Return a login of a person who does not exist, which names a client address in its trailer."""
    form = f"username={secrets.token_hex(8)}&password={secrets.token_hex(8)}"
    return with_trailer("POST", TOKEN, "application/x-www-form-urlencoded", form, f"X-Forwarded-For: {address}")


async def test_a_trailer_authenticates_nobody(service: Service, client: ApiClient) -> None:
    access_token = (await client.log_in()).access
    assert (await client.get_me(access_token)).status_code == 200
    assert raw_answer(service, me_with_trailer(access_token))[0] == 401


async def test_a_client_that_closes_its_side_gets_the_tokens_that_its_refresh_made(
    service: Service, client: ApiClient
) -> None:
    body = json.dumps({"refresh_token": (await client.log_in()).refresh})
    head = (
        HEAD.format(method="POST", path=REFRESH) + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    status, answer = raw_answer(service, f"{head}\r\n{body}".encode(), half_close=True)
    assert status == 200
    assert (await client.post_refresh(json.loads(answer)["refresh_token"])).status_code == 200


def test_http_1_1_without_host_is_a_problem(service: Service) -> None:
    status, body = raw_answer(service, b"GET /health/liveness HTTP/1.1\r\n\r\n")
    assert (status, json.loads(body)["code"]) == (400, "invalid_host")
