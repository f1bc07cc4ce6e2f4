"""What stands beside the product in production, as processes, where Debian's packages have put them on the PATH."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.stack import EXIT_SECONDS, READY_SECONDS, Companion

SLOW_PROXY: Final = Path(__file__).parent / "slow_proxy.py"


class Process(Companion):
    """A process on the loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


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


def slow_proxy(target: str, milliseconds: int, folder: Path) -> contextlib.AbstractContextManager[Process]:
    port = free_port()
    command = [sys.executable, str(SLOW_PROXY), f"127.0.0.1:{port}", target, str(milliseconds)]
    return _running(command, port, folder)
