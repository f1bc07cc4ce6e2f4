"""Log lines are written whole and in order, and a slow reader does not block the code that logs."""

import fcntl
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from doorward.observability.log_writer import LogWriter

PATIENCE = 60
"""Seconds. A test that passes never reaches this timeout."""

PIPE_BYTES = 64 * 1024


class Pipe:
    """A pipe that is read only when the test reads it."""

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
        """Fill the pipe, so that the next writer waits for the reader. Return the content before its lines."""
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
        """Stop reading first: a thread that still writes would write to the descriptor of the next test."""
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
def test_a_stalled_reader_delays_no_caller_and_dropped_lines_are_reported_on_recovery(
    pipe: Pipe, maximum_lines: int, maximum_bytes: int
) -> None:
    reported: list[int] = []

    def report(count: int) -> None:
        reported.append(count)
        writer.write(f"dropped {count}")

    filling = pipe.fill().decode()
    writer = pipe.log_writer(report, maximum_lines=maximum_lines, maximum_bytes=maximum_bytes)
    written = [f"{number:06} {'x' * 993}" for number in range(1_000)]
    for line in written:
        writer.write(line)
    accepted = min(maximum_lines, maximum_bytes // (len(written[0]) + 1))
    assert writer.dropped == len(written) - accepted
    assert reported == []
    assert pipe.read_until(f"dropped {writer.dropped}\n".encode())[:-1] == [filling, *written[:accepted]]
    assert reported == [writer.dropped]
    writer.write("afterwards")
    assert pipe.read_until(b"afterwards\n")[-1] == "afterwards"


def test_waiting_for_a_stalled_reader_ends_after_the_timeout(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    for _ in range(200):
        writer.write("x" * 1_000)
    begin = time.monotonic()
    writer.flush(0.2)
    for _ in range(200):
        writer.write("also within that time")
    assert 0.2 <= time.monotonic() - begin < PATIENCE
    assert writer.dropped == 0


def test_after_a_flush_lines_are_written_before_the_call_returns(pipe: Pipe) -> None:
    writer = pipe.log_writer()
    writer.write("earlier")
    writer.flush(PATIENCE)
    os.set_blocking(pipe.reader, False)
    assert pipe.read_until(b"earlier\n") == ["earlier"]
    for line in ("one", "two"):
        writer.write(line)
        assert pipe.read_until(f"{line}\n".encode())[-1] == line


def test_a_closed_reader_raises_nothing_and_is_reported_once(pipe: Pipe, errors: Pipe) -> None:
    writer = pipe.log_writer(error_descriptor=errors.writer)
    pipe.stop_reading()
    for _ in range(3):
        writer.write("a secret that was not scrubbed")
        writer.flush(PATIENCE)
    assert writer.dropped == 3
    assert errors.read_until(b"\n") == ["doorward: log lines are lost: BrokenPipeError"]


def test_lines_lost_on_a_full_disk_are_reported_when_there_is_space_again(tmp_path: Path, errors: Pipe) -> None:
    reported: list[int] = []
    with Path("/dev/full").open("wb", buffering=0) as log:
        writer = LogWriter(log.fileno(), reported.append, error_descriptor=errors.writer)
        for _ in range(3):
            writer.write("lost")
            writer.flush(PATIENCE)
        with (tmp_path / "log").open("wb") as disk:
            os.dup2(disk.fileno(), log.fileno())
        writer.write("kept")
        writer.flush(PATIENCE)
        writer.flush(PATIENCE)
        assert (tmp_path / "log").read_text(encoding="utf-8") == "kept\n"
    assert reported == [3]
    assert errors.read_until(b"\n") == ["doorward: log lines are lost: OSError"]


def test_a_pipe_that_another_process_made_non_blocking_loses_no_line(pipe: Pipe) -> None:
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


def write_interrupted(writer: LogWriter, arrival: int) -> int:
    """Write a line, and another at the call of this number, as a signal handler may. Return the number of calls."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        if event == "call":
            calls += 1
            if calls == arrival:
                writer.write("handler")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        writer.write("main")
    finally:
        sys.setprofile(before)
    return calls


def test_a_signal_handler_that_logs_during_the_first_line_starts_no_second_thread(pipe: Pipe) -> None:
    threads = threading.active_count()
    for arrival in itertools.count(1):
        calls = write_interrupted(pipe.log_writer(), arrival)
        assert threading.active_count() == threads + arrival, f"call {arrival}"
        if calls < arrival:
            break
    assert arrival > 5
