"""The service under measurement: a process with production settings, and a persistent connection to it."""

import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import jwt
import requests

from benchmarks.installation import service_python
from benchmarks.processes import CALL_SECONDS, HOST, PORT, Running, running

USERNAME: Final = "reader"
PASSWORD: Final = secrets.token_urlsafe(24)

UNREACHED_LIMIT: Final = "9999999/second"
"""A rate limit that is counted for each call, and never reached. Disabled limits would cost less than in production."""

UNREACHED_NUMBER: Final = "100000"

LIMITS_OUT_OF_REACH: Final = {
    "RATE_LIMIT_REGISTER": UNREACHED_LIMIT,
    "RATE_LIMIT_TOKEN": UNREACHED_LIMIT,
    "RATE_LIMIT_REFRESH": UNREACHED_LIMIT,
    "CALLS_PER_ADDRESS": UNREACHED_NUMBER,
    "CALLS_PER_USER": UNREACHED_NUMBER,
    "PASSWORD_HASHES_PER_ADDRESS": "10000",
}


@dataclass(frozen=True)
class TokenPair:
    """The tokens of a login."""

    access_token: str
    refresh_token: str


@dataclass(frozen=True)
class Service(Running):
    """`doorward serve`, with its default logging."""

    secret_key: str

    def sign_in(self) -> TokenPair:
        """Register a user, log in and return the tokens."""
        account = {"email": f"{USERNAME}@example.com", "username": USERNAME, "password": PASSWORD}
        requests.post(f"{self.url}/api/v1/auth/register", json=account, timeout=CALL_SECONDS).raise_for_status()
        login = {"username": USERNAME, "password": PASSWORD}
        answer = requests.post(f"{self.url}/api/v1/auth/token", data=login, timeout=CALL_SECONDS)
        answer.raise_for_status()
        pair = answer.json()
        return TokenPair(pair["access_token"], pair["refresh_token"])

    def import_csv(self, token: str, body: bytes) -> Any:  # noqa: ANN401 - an answer's JSON
        """Import a file in one call; return the answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
        answer = requests.post(f"{self.url}/api/v1/items/import", data=body, headers=headers, timeout=CALL_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def processor_ms(self) -> float:
        """Return the CPU time of the worker's main thread, which runs the event loop."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e6


def serve_command(port: int | str = PORT) -> list[str]:
    """Return the command that runs the service, as an operator installs it."""
    return [str(service_python()), "-m", "doorward", "serve", "--host", HOST, "--port", str(port)]


def service_environment(database_url: str, secret_key: str) -> Mapping[str, str]:
    """Return the production settings without a default, and an immediate shutdown: no load balancer drains it."""
    return {
        "ENVIRONMENT": "production",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secret_key,
        "SHUTDOWN_DRAIN_SECONDS": "0",
    }


@contextmanager
def running_service(
    database_url: str, *, workers: int = 1, settings: Mapping[str, str] | None = None, secret_key: str = ""
) -> Iterator[Service]:
    """Run the service on a migrated database, in an empty folder without a ``.env``.

    It has its own key, or ``secret_key``, which services on one database share.
    """
    secret_key = secret_key or secrets.token_urlsafe(48)
    environment = {
        **service_environment(database_url, secret_key),
        "WEB_CONCURRENCY": str(workers),
        **(settings or {}),
    }
    with running(serve_command(), environment, ready="/health/readiness", worker_count=workers) as process:
        yield Service(process.port, process.pid, workers, secret_key)


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the claims of an access token, unverified: it is the service's own."""
    claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def user_id_of(token: str) -> UUID:
    """Return the user id of an access token."""
    return UUID(claims_of(token)["sub"])


class KeepAlive:
    """One persistent connection with minimal overhead: HTTP libraries take longer than the service."""

    def __init__(self, port: int, token: str) -> None:
        """Connect."""
        self._port = port
        self._socket = self._connect()
        self._head = f"HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"

    def get(self, target: str) -> tuple[int, bytes]:
        """Return status and body. Answers must have a Content-Length, as all of the service's do."""
        self._socket.sendall(f"GET {target} {self._head}".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), body

    def reconnect(self) -> None:
        """Reconnect: the service closes connections that are idle for some seconds."""
        self._socket.close()
        self._socket = self._connect()

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()

    def _connect(self) -> socket.socket:
        connected = socket.create_connection((HOST, self._port), timeout=CALL_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _more(self) -> bytes:
        chunk = self._socket.recv(256 * 1024)
        if not chunk:
            raise ConnectionError("the service closed the connection")
        return chunk
