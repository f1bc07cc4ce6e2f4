"""The end of the process: it stops being ready first, and stops answering some seconds later."""

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
    """Whether the process was told to end. Load balancers learn it from readiness, and turn to other copies."""

    def __init__(self) -> None:
        """Begin as a process that stays."""
        self.has_begun = False
        """While it is true, kept-alive connections end with their next answer, so that none is cut off later."""

    @contextmanager
    def before_sigterm_ends_serving(self, seconds: float) -> Iterator[None]:
        """Within the block, have SIGTERM begin the drain, and pass it on to the server ``seconds`` later.

        The server then closes its sockets and finishes what is under way. SIGINT ends the drain at once. Repeated
        SIGTERM changes nothing: a service manager may send it to parent and workers, and parents pass it on. In a
        worker the same is true of SIGINT, which a terminal sends to both. Without a server's handler, as in tests, or
        outside the main thread, the block changes nothing.
        """
        end_serving = signal.getsignal(signal.SIGTERM)
        if not callable(end_serving) or threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[signal.Signals, _Handler] = {}
        if seconds > 0:
            handlers[signal.SIGTERM] = self._beginner(seconds, end_serving)
        if multiprocessing.parent_process() is not None:
            # The server would take a second SIGINT for the wish to cut off what is under way.
            handlers[signal.SIGINT] = lambda _number, frame: end_serving(signal.SIGTERM, frame)
        replaced = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in replaced.items():
                signal.signal(number, handler)

    def _beginner(self, seconds: float, end_serving: _Handler) -> _Handler:
        loop = asyncio.get_running_loop()

        def begin() -> None:
            if not self.has_begun:
                self.has_begun = True
                report(ServiceDraining(seconds=seconds))
                loop.call_later(seconds, end_serving, signal.SIGTERM, None)

        # The loop does the work: a handler may interrupt a line of log half written.
        return lambda _number, _frame: loop.call_soon_threadsafe(begin)
