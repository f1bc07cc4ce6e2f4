"""Write log lines to a file descriptor in a separate thread, so that a slow reader never blocks the caller.

Lines wait in a queue with a limit. When it is full, new lines are dropped and counted; the count is reported once lines
can be written again. Lines keep their order.
"""

import contextlib
import os
import select
import stat
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

MAXIMUM_LINES: Final = 10_000
MAXIMUM_BYTES: Final = 4 * 1024 * 1024
"""Limits of the queue of one process. The bytes suffice for about 12,000 lines of usual length."""

PAUSE_SECONDS: Final = 0.02
"""Pause between two batches, so that one wake-up of the thread serves many lines. A single line does not wait."""

MAXIMUM_WRITE: Final = 64 * 1024
"""Maximum bytes of a write that is atomic on a pipe, so that lines of several processes do not mix."""

STANDARD_ERROR: Final = 2


class LogWriter:
    """A queue of lines and the thread that writes them. Any thread or signal handler may call it."""

    def __init__(
        self,
        descriptor: int,
        on_recovery: Callable[[int], None],
        *,
        maximum_lines: int = MAXIMUM_LINES,
        maximum_bytes: int = MAXIMUM_BYTES,
        error_descriptor: int = STANDARD_ERROR,
    ) -> None:
        """Write to ``descriptor``, which stays the caller's. The thread starts with the first line.

        ``on_recovery`` is called by the thread with the number of lines dropped since its last call, after a line was
        written again. When writing fails, the class of the error is written to ``error_descriptor``, once until lines
        can be written again.
        """
        self._descriptor = descriptor
        self._on_recovery = on_recovery
        self._maximum_lines = maximum_lines
        self._maximum_bytes = maximum_bytes
        self._error_descriptor = error_descriptor
        self._maximum_write = select.PIPE_BUF if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else MAXIMUM_WRITE
        # A signal handler may log while the same thread holds this lock.
        self._lock = threading.RLock()
        self._queue: SimpleQueue[bytes | threading.Event] = SimpleQueue()
        self._waiting_lines = self._waiting_bytes = 0
        self._dropped = self._reported = 0
        self._awaited_until = 0.0
        self._is_failing = self._is_torn = False
        # Made before the first line: a signal handler that logs while it is made would make a second thread.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._is_started = False

    @property
    def dropped(self) -> int:
        """Return how many lines were dropped since the start: the queue was full, or the write failed."""
        return self._dropped

    def write(self, text: str) -> None:
        """Queue a line, given without its end, or drop and count it. Blocks only within the seconds of ``flush``."""
        line = f"{text}\n".encode(errors="backslashreplace")
        size = len(line)
        with self._lock:
            if self._waiting_lines >= self._maximum_lines or self._waiting_bytes + size > self._maximum_bytes:
                self._dropped += 1
                return
            self._waiting_lines += 1
            self._waiting_bytes += size
            if not self._is_started:
                self._is_started = True
                self._thread.start()
        self._queue.put(line)
        if self._awaited_until and threading.current_thread() is not self._thread:
            self._wait_until(self._awaited_until)

    def flush(self, seconds: float) -> None:
        """Wait until all queued lines are written, and also for each later line, for this long in total.

        For the end of a process, which may follow any of these lines.
        """
        self._awaited_until = time.monotonic() + seconds
        if self._is_started:
            self._wait_until(self._awaited_until)

    def _wait_until(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            self._awaited_until = 0.0
            return
        is_written = threading.Event()
        self._queue.put(is_written)
        is_written.wait(remaining)

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            batch += [self._queue.get_nowait() for _ in range(self._queue.qsize())]
            self._write_batch(batch)
            if self._dropped > self._reported and not self._is_failing:
                dropped, self._reported = self._dropped - self._reported, self._dropped
                self._on_recovery(dropped)
            time.sleep(PAUSE_SECONDS)

    def _write_batch(self, batch: list[bytes | threading.Event]) -> None:
        """Write whole lines. POSIX writes up to ``PIPE_BUF`` bytes to a pipe atomically."""
        lines: list[bytes] = []
        size = 0
        for item in batch:
            if lines and (not isinstance(item, bytes) or size + len(item) > self._maximum_write):
                self._write_lines(lines, size)
                lines, size = [], 0
            if isinstance(item, bytes):
                lines.append(item)
                size += len(item)
            else:
                item.set()
        if lines:
            self._write_lines(lines, size)

    def _write_lines(self, lines: list[bytes], size: int) -> None:
        # End a partly written line, so that the next line does not continue it.
        remaining = memoryview(b"".join([b"\n", *lines] if self._is_torn else lines))
        whole = len(remaining)
        try:
            while remaining:
                remaining = remaining[self._write_some(remaining) :]
            self._is_failing = self._is_torn = False
        except OSError as error:
            self._is_torn = self._is_torn or len(remaining) < whole
            self._report_failure(error)
            with self._lock:
                self._dropped += len(lines)
        with self._lock:
            self._waiting_lines -= len(lines)
            self._waiting_bytes -= size

    def _write_some(self, content: memoryview) -> int:
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:
            # Another process has made the shared file description non-blocking.
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll()
            return 0

    def _report_failure(self, error: OSError) -> None:
        """Report that lines are lost, without their content."""
        if self._is_failing:
            return
        self._is_failing = True
        with contextlib.suppress(OSError):
            os.write(self._error_descriptor, f"doorward: log lines are lost: {type(error).__name__}\n".encode())
