"""The product's companions in production, as processes, if Debian's packages have installed them on the PATH."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from development.ports import free_port
from development.postgres import SYSTEM_USER
from tests.e2e.pgbouncer import pgbouncer_configuration
from tests.e2e.stack import EXIT_SECONDS, READY_SECONDS, Companion

NO_PREPARED_STATEMENTS: Final = "max_prepared_statements = 0"


class Process(Companion):
    """A process on the loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def suspend(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[Process]:
    with (folder / "companion.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            assert process.poll() is None, (folder / "companion.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Process(process, port)
    finally:
        process.kill()
        process.wait(EXIT_SECONDS)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name} on this machine; the image target brings its own")
    return path


def redis(folder: Path) -> contextlib.AbstractContextManager[Process]:
    port = free_port()
    command = [_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return _running(command, port, folder)


def _supports_prepared_statements(program: str) -> bool:
    """Return whether the program is PgBouncer 1.21 or newer."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 21)


@contextlib.contextmanager
def pgbouncer(server: str, settings: Sequence[str]) -> Iterator[Process]:
    """Run PgBouncer as the owner of PostgreSQL's socket: it refuses to run as root, and needs access to the socket."""
    program, port = _program("pgbouncer"), free_port()
    if not _supports_prepared_statements(program):
        if NO_PREPARED_STATEMENTS not in settings:
            pytest.skip("this PgBouncer does not support prepared statements; the image target brings its own")
        settings = [setting for setting in settings if setting != NO_PREPARED_STATEMENTS]
    listening = [f"listen_port = {port}", "listen_addr = 127.0.0.1", "auth_type = any"]
    with tempfile.TemporaryDirectory(prefix="doorward-pgbouncer-") as name:
        folder = Path(name)
        configuration = folder / "pgbouncer.ini"
        text = pgbouncer_configuration(server, [*listening, *settings])
        if not _supports_prepared_statements(program):
            text = re.sub(r"^max_prepared_statements.*$", "", text, flags=re.MULTILINE)
        configuration.write_text(text, encoding="utf-8")
        command = [program, str(configuration)]
        if os.geteuid() == 0:
            for path in (folder, configuration):
                shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
            command = ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups", *command]
        with _running(command, port, folder) as running:
            yield running
