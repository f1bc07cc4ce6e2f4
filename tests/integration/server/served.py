"""`doorward serve` as processes of a test: a parent, its workers, and pending requests."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, Self

from development.client import TOKEN

DEADLINE: Final = 60
LISTENING: Final = re.compile(r"^.*\bservice\.listening\b.*$", re.MULTILINE)
PORT: Final = re.compile(r"\bport\W+(\d+)")


def wait_until(is_so: Callable[[], object], explanation: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline, explanation()
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Served:
    """A service in a separate process group, which is killed at the end of the block."""

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        self._log = folder / "log"
        command = [sys.executable, "-m", "doorward", "serve", "--port", "0", *options]
        environment = {**os.environ, "TMPDIR": str(folder), "SHUTDOWN_DRAIN_SECONDS": "0", **settings}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
        self.port = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_until_served(self, processes: int = 1) -> None:
        """Wait until this many processes serve."""
        wait_until(lambda: self.log().count("Application startup complete") >= processes, self.log)
        found = PORT.search(LISTENING.findall(self.log())[-1])
        assert found
        self.port = int(found[1])

    def workers(self) -> list[int]:
        """Return the parent's worker processes."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]

    def status_of(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    def port_is_free(self) -> bool:
        """Return whether another service could bind the same address, with the same socket options."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
                probe.listen()
            except OSError:
                return False
            return True


class HeldRequest:
    """A login without its body, which stays pending until the test finishes it."""

    BODY: Final = b"username=nobody&password=none"

    def __init__(self, served: Served) -> None:
        self._connection = HTTPConnection("127.0.0.1", served.port, timeout=DEADLINE)
        self._connection.putrequest("POST", TOKEN)
        self._connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        self._connection.putheader("Content-Length", str(len(self.BODY)))
        self._connection.putheader("Expect", "100-continue")
        self._connection.endheaders()
        assert self._connection.sock.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def finish(self) -> int:
        """Send the body; return the status of the response."""
        self._connection.send(self.BODY)
        status = self._connection.getresponse().status
        self._connection.close()
        return status
