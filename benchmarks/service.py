"""The service under measurement: a process with production settings, and a connection to it that is kept open."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
CALL_SECONDS: Final = 60
USERNAME: Final = "reader"
PASSWORD: Final = secrets.token_urlsafe(24)
MEGABYTE_IN_KB: Final = 1024


@dataclass(frozen=True)
class Service:
    """One worker of `doorward serve`, with limits and logging on as they are by default."""

    port: int
    pid: int
    secret_key: str

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def sign_in(self) -> str:
        """Register a user and return the access token of a new login."""
        account = {"email": f"{USERNAME}@example.com", "username": USERNAME, "password": PASSWORD}
        requests.post(f"{self.url}/api/v1/auth/register", json=account, timeout=CALL_SECONDS).raise_for_status()
        login = {"username": USERNAME, "password": PASSWORD}
        answer = requests.post(f"{self.url}/api/v1/auth/token", data=login, timeout=CALL_SECONDS)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def import_csv(self, token: str, body: bytes) -> Any:  # noqa: ANN401 - an answer's JSON
        """Import a file in one call; return the answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
        answer = requests.post(f"{self.url}/api/v1/items/import", data=body, headers=headers, timeout=CALL_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def memory_mb(self, what: str) -> float:
        """Return the worker's resident memory: now (``VmRSS``), or the most that it ever was (``VmHWM``)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
        return int(line.split()[1]) / MEGABYTE_IN_KB

    def processor_ms(self) -> float:
        """Return for how long the worker's main thread, which runs the loop, has had a processor."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e6


@contextmanager
def running_service(database_url: str, **settings: str) -> Iterator[Service]:
    """Run the service on a migrated database, in an empty folder where it finds no ``.env``.

    It has production settings apart from those that are given.
    """
    secret_key = secrets.token_urlsafe(48)
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "production",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secret_key,
        **settings,
    }
    command = [sys.executable, "-m", "doorward", "serve", "--host", HOST, "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(process, port, Path(log.name))
            yield Service(port, process.pid, secret_key)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if requests.get(f"http://{HOST}:{port}/health/readiness", timeout=CALL_SECONDS).ok:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start: {log.read_text(encoding='utf-8')}")


class KeepAlive:
    """One connection that stays open, with next to no cost of its own: libraries take longer than the service."""

    def __init__(self, port: int, token: str) -> None:
        """Connect."""
        self._port = port
        self._socket = self._connect()
        self._head = f"HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"

    def get(self, target: str) -> tuple[int, bytes]:
        """Return status and body. Answers must carry a Content-Length, as all of the service do."""
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
        """Begin anew: the service closes a connection that was idle for some seconds."""
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
