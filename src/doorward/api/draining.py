"""Graceful shutdown: readiness fails first, and the server stops some seconds later."""

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from doorward.observability.events import ServiceDraining
from doorward.observability.logging import report

_Handler = Callable[[int, FrameType | None], object]


class Drain:
    """The state of the shutdown. While it drains, readiness fails, so that load balancers use other instances."""

    def __init__(self) -> None:
        """Start without a shutdown in progress."""
        self.has_begun = False
        """While true, each response closes its kept-alive connection, so that no later request is cut off."""

    @contextmanager
    def before_sigterm_ends_serving(self, seconds: float) -> Iterator[None]:
        """Within the block, begin the drain on SIGTERM, and pass the signal to the server ``seconds`` later.

        The server then closes its sockets and finishes running requests. SIGINT ends the drain at once. A repeated
        SIGTERM has no effect: a service manager may send it to parent and workers, and the parent also passes it on.
        In a worker a repeated SIGINT has no effect either, because a terminal sends it to both. The block changes
        nothing outside the main thread or if the server has no handler, as in tests.
        """
        end_serving = signal.getsignal(signal.SIGTERM)
        if not callable(end_serving) or threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[signal.Signals, _Handler] = {}
        if seconds > 0:
            handlers[signal.SIGTERM] = self._drain_handler(seconds, end_serving)
        if multiprocessing.parent_process() is not None:
            # The server treats a second SIGINT as a forced exit, which aborts running requests.
            handlers[signal.SIGINT] = lambda _number, frame: end_serving(signal.SIGTERM, frame)
        replaced = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in replaced.items():
                signal.signal(number, handler)

    def _drain_handler(self, seconds: float, end_serving: _Handler) -> _Handler:
        loop = asyncio.get_running_loop()

        def begin() -> None:
            if not self.has_begun:
                self.has_begun = True
                report(ServiceDraining(seconds=seconds))
                loop.call_later(seconds, end_serving, signal.SIGTERM, None)

        # Run on the event loop: a signal handler could interrupt the writing of a log line.
        return lambda _number, _frame: loop.call_soon_threadsafe(begin)
