"""Programs under measurement: started on a free local port, monitored, and ended by their process ids."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from development.ports import free_port

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
CALL_SECONDS: Final = 60
MEGABYTE_IN_KB: Final = 1024
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

PORT: Final = "{port}"
"""Placeholder for the port in a command."""


@dataclass(frozen=True)
class Running:
    """A running server. ``workers`` are the processes that answer: its own, or its children."""

    port: int
    pid: int
    worker_count: int

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http://{HOST}:{self.port}"

    def workers(self) -> Sequence[int]:
        """Return the ids of the processes that answer."""
        if self.worker_count == 1:
            return [self.pid]
        # A parent's first child may be a helper process (the resource tracker of multiprocessing).
        return sorted(children_of(self.pid))[-self.worker_count :]

    def processor_seconds(self) -> Sequence[float]:
        """Return the CPU time of each worker since its start, with all its threads."""
        return [processor_seconds(pid) for pid in self.workers()]

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Return the largest worker's resident memory: the present value (``VmRSS``) or the peak (``VmHWM``)."""
        return max(_memory_mb(pid, what) for pid in self.workers())

    def whole_memory_mb(self) -> float:
        """Return the total resident memory of the process and its descendants."""
        return sum(_memory_mb(pid, "VmRSS") for pid in _tree_of(self.pid))


@contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    ready: str,
    worker_count: int = 1,
    has_parent: bool = False,
    start_seconds: float = START_SECONDS,
) -> Iterator[Running]:
    """Run a program in an empty folder until the block ends. Its log is discarded, so that the disk does not fill.

    ``PORT`` in the command and in the environment is replaced by its port. It is ready when ``ready``, a path, answers
    200. ``has_parent``: the started process only supervises its workers, even a single one. Raises ``RuntimeError``
    with the program's own output if it does not start.
    """
    port = free_port()
    filled = [part.replace(PORT, str(port)) for part in command]
    told = {name: value.replace(PORT, str(port)) for name, value in environment.items()}
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as folder, (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(
            filled,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            # Ctrl+C goes to the measurement only, which then ends what it started.
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, f"http://{HOST}:{port}{ready}", Path(log.name), start_seconds)
            pid = children_of(process.pid)[0] if has_parent and worker_count == 1 else process.pid
            yield Running(port, pid, worker_count)
        finally:
            _end(process)


def children_of(pid: int) -> Sequence[int]:
    """Return the ids of a process's direct children, in the order in which its threads started them."""
    lists = [path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in lists for child in children.split()]


def _tree_of(pid: int) -> Iterator[int]:
    yield pid
    for child in children_of(pid):
        yield from _tree_of(child)


def processor_seconds(pid: int) -> float:
    """Return the CPU time of a process since its start, with all its threads."""
    # The second field, the name, may contain anything, but ends with the last parenthesis.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _memory_mb(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / MEGABYTE_IN_KB


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=CALL_SECONDS).ok:
                return
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"{process.args!r} did not start: {said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Workers that outlived their parent; the process group belongs to this program only.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
