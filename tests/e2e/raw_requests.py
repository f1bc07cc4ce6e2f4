"""Requests with trailers, sent byte by byte over a socket."""

import secrets
import socket
from urllib.parse import urlsplit

from development.client import ME, TOKEN
from tests.e2e.people import Server

HEAD = "{method} {path} HTTP/1.1\r\nHost: doorward.test\r\n"


def status_of(server: Server, request: bytes) -> int:
    """Send a request with `Connection: close`; return the status of the response."""
    where = urlsplit(server.base_url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=60) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as reader:
            answer = reader.read()
    return int(answer.split()[1])


def with_trailer(method: str, path: str, content_type: str, body: str, trailer: str) -> bytes:
    """Return a request with a chunked body, a trailer, and `Connection: close`."""
    head = HEAD.format(method=method, path=path) + f"Content-Type: {content_type}\r\nConnection: close\r\n"
    chunk = f"{len(body):x}\r\n{body}\r\n" if body else ""
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n{trailer}\r\n\r\n".encode()


def me_with_trailer(access_token: str) -> bytes:
    return with_trailer("GET", ME, "text/plain", "", f"Authorization: Bearer {access_token}")


def login_with_trailer(address: str) -> bytes:
    """Return a login with an unknown name, and with a client address in its trailer."""
    form = f"username={secrets.token_hex(8)}&password={secrets.token_hex(8)}"
    return with_trailer("POST", TOKEN, "application/x-www-form-urlencoded", form, f"X-Forwarded-For: {address}")
