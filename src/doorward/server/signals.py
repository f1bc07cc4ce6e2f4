"""Signals whose default action would end the process in the middle of requests.

Python and uvicorn handle SIGINT and SIGTERM only. Every other signal that ends a process by default is handled here,
in the same way by a single process, by the parent of several workers and by each worker.
"""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, Final

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
"""The argument and the result of ``signal.signal``."""

ENDING_NAMES: Final = ("SIGHUP", "SIGQUIT", "SIGXCPU")
"""They end the service as SIGTERM does: a closed terminal, Ctrl+backslash, and an exhausted limit of processor time."""

KEPT_NAMES: Final = (
    # Handled by uvicorn, the drain and the parent of several workers.
    *("SIGINT", "SIGTERM"),
    # Cannot be handled.
    *("SIGKILL", "SIGSTOP"),
    # They report faults of the process, which cannot continue.
    *("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP", "SIGEMT"),
    # Their default action ends nothing.
    *("SIGCHLD", "SIGCONT", "SIGTSTP", "SIGURG", "SIGWINCH", "SIGINFO"),
)
"""Signals whose action is not changed."""


def handle_ending_signals() -> Mapping[int, Handler]:
    """Make the signals of ``ENDING_NAMES`` act as SIGTERM, and ignore the others that would end or stop the process.

    Call it in the main thread. The action of SIGTERM is looked up when a signal arrives. A signal that was ignored when
    the process was started stays ignored, as `nohup` requires. Return the handlers that were replaced.
    """
    ending, kept = _present(ENDING_NAMES), _present(KEPT_NAMES)
    handlers: dict[int, Handler] = {
        number: _raise_sigterm for number in ending if signal.getsignal(number) != signal.SIG_IGN
    }
    for number in signal.valid_signals() - ending - kept:
        handlers[number] = signal.SIG_IGN
    return {number: signal.signal(number, handler) for number, handler in handlers.items()}


@contextlib.contextmanager
def ending_signals_handled() -> Iterator[None]:
    """Handle these signals within the block, as ``handle_ending_signals`` does."""
    replaced = handle_ending_signals()
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _present(names: Iterable[str]) -> set[int]:
    """Return the signals that this operating system has."""
    return {getattr(signal, name) for name in names if hasattr(signal, name)}


def _raise_sigterm(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGTERM)
