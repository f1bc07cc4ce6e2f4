"""Log lines are written in order and whole, and no reader, however slow, holds up the code that logs."""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from doorward.observability.log_writer import LogWriter

PATIENCE = 60
"""Seconds: a limit for the machine, never reached by a test that passes."""

PIPE_BYTES = 64 * 1024


class Pipe:
    """A pipe whose reader decides when it reads."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.received = b""
        self._writers: list[LogWriter] = []
        self._open = {self.reader, self.writer}

    def log_writer(self, on_recovery: Callable[[int], None] | None = None, **options: int) -> LogWriter:
        made = LogWriter(self.writer, on_recovery or (lambda _: None), **options)
        self._writers.append(made)
        return made

    def fill(self) -> bytes:
        """Leave no room, so that the next writer waits for the reader. Return what now lies before its lines."""
        os.set_blocking(self.writer, False)
        size = os.write(self.writer, b"." * (PIPE_BYTES - 1) + b"\n")
        os.set_blocking(self.writer, True)
        assert size == PIPE_BYTES
        return b"." * (PIPE_BYTES - 1)

    def read_until(self, end: bytes) -> list[str]:
        while end not in self.received:
            piece = os.read(self.reader, PIPE_BYTES)
            assert piece
            self.received += piece
        return self.received.decode().splitlines()

    def stop_reading(self) -> None:
        self._open.discard(self.reader)
        os.close(self.reader)

    def close(self) -> None:
        """End the reading first: what a thread still writes would go to the next test's descriptor."""
        if self.reader in self._open:
            self.stop_reading()
        for each in self._writers:
            each.flush(PATIENCE)
        os.close(self.writer)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.fixture
def errors() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_lines_are_written_in_order(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    lines = [f"line {number} é" for number in range(500)]
    for line in lines:
        writer.write(line)
    assert pipe.read_until(b"line 499 \xc3\xa9\n") == lines
    assert writer.dropped == 0


@pytest.mark.parametrize(
    ("maximum_lines", "maximum_bytes"), [(300, 10**9), (10**9, 300_000)], ids=["too many lines", "too many bytes"]
)
def test_a_reader_that_stalls_delays_no_caller_and_what_was_dropped_is_told_when_it_returns(
    pipe: Pipe, maximum_lines: int, maximum_bytes: int
) -> None:
    told: list[int] = []

    def tell(count: int) -> None:
        told.append(count)
        writer.write(f"dropped {count}")

    filling = pipe.fill().decode()
    writer = pipe.log_writer(tell, maximum_lines=maximum_lines, maximum_bytes=maximum_bytes)
    written = [f"{number:06} {'x' * 993}" for number in range(1_000)]
    for line in written:
        writer.write(line)
    accepted = min(maximum_lines, maximum_bytes // (len(written[0]) + 1))
    assert writer.dropped == len(written) - accepted
    assert told == []
    assert pipe.read_until(f"dropped {writer.dropped}\n".encode())[:-1] == [filling, *written[:accepted]]
    assert told == [writer.dropped]
    writer.write("afterwards")
    assert pipe.read_until(b"afterwards\n")[-1] == "afterwards"


def test_waiting_for_a_reader_that_stalls_ends_at_the_time_given(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    for _ in range(200):
        writer.write("x" * 1_000)
    begin = time.monotonic()
    writer.flush(0.2)
    for _ in range(200):
        writer.write("also within that time")
    assert 0.2 <= time.monotonic() - begin < PATIENCE
    assert writer.dropped == 0


def test_the_last_lines_of_a_process_are_written_before_the_call_returns(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    writer.write("earlier")
    writer.flush(PATIENCE)
    os.set_blocking(pipe.reader, False)
    assert pipe.read_until(b"earlier\n") == ["earlier"]
    for line in ("one", "two"):
        writer.write(line)
        assert pipe.read_until(f"{line}\n".encode())[-1] == line


def test_a_reader_that_is_gone_fails_no_caller_and_is_reported_once(pipe: Pipe, errors: Pipe) -> None:
    writer = pipe.log_writer(error_descriptor=errors.writer)
    pipe.stop_reading()
    for _ in range(3):
        writer.write("a secret that was not scrubbed")
        writer.flush(PATIENCE)
    assert writer.dropped == 3
    assert errors.read_until(b"\n") == ["doorward: log lines are lost: BrokenPipeError"]


def test_lines_that_found_no_space_are_counted_when_there_is_some_again(tmp_path: Path, errors: Pipe) -> None:
    told: list[int] = []
    with Path("/dev/full").open("wb", buffering=0) as log:
        writer = LogWriter(log.fileno(), told.append, error_descriptor=errors.writer)
        for _ in range(3):
            writer.write("lost")
            writer.flush(PATIENCE)
        with (tmp_path / "log").open("wb") as disk:
            os.dup2(disk.fileno(), log.fileno())
        writer.write("kept")
        writer.flush(PATIENCE)
        writer.flush(PATIENCE)
        assert (tmp_path / "log").read_text(encoding="utf-8") == "kept\n"
    assert told == [3]
    assert errors.read_until(b"\n") == ["doorward: log lines are lost: OSError"]


def test_a_pipe_that_another_process_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    flags = fcntl.fcntl(pipe.writer, fcntl.F_GETFL)
    fcntl.fcntl(pipe.writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    writer = pipe.log_writer()
    lines = [f"{number:06} {'x' * 993}" for number in range(300)]
    for line in lines:
        writer.write(line)
    assert pipe.read_until(lines[-1].encode() + b"\n") == lines


def test_lines_of_several_writers_to_one_pipe_stay_whole(pipe: Pipe) -> None:
    writers = [pipe.log_writer() for _ in range(3)]
    for number in range(300):
        for each in writers:
            each.write("x" * (500 + number))
    reader = threading.Thread(target=pipe.read_until, args=[b"end\n" * 3])
    reader.start()
    for each in writers:
        each.flush(PATIENCE)
    for each in writers:
        each.write("end")
    reader.join(PATIENCE)
    lengths = sorted(len(line) for line in pipe.received.splitlines() if line != b"end")
    assert lengths == sorted([500 + number for number in range(300)] * 3)


def test_a_signal_handler_may_log_while_its_thread_is_logging(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    handled = 0

    def log(_number: int, _frame: FrameType | None) -> None:
        nonlocal handled
        handled += 1
        writer.write("handler")

    before = signal.signal(signal.SIGALRM, log)
    reader = threading.Thread(target=pipe.read_until, args=[b"end\n"])
    reader.start()
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(5_000):
            writer.write("main")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.write("end")
    reader.join(PATIENCE)
    assert handled > 0
    assert pipe.received.count(b"handler\n") == handled
    assert pipe.received.count(b"main\n") == 5_000
