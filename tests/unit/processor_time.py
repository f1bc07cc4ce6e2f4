"""Compare the processor time of a call with that of a fixed loop in the same run, independent of the machine."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from doorward.core.exceptions import DomainError

LOOPS_OF_BUDGET: Final = 1_400_000
"""Iterations of ``_loop``: 100 ms of processor time on the machine of the figures in docs/assurance.md."""

ATTEMPTS: Final = 3
"""The minimum of several measurements counts, to exclude effects such as a cold cache."""


def _loop(times: int) -> int:
    total = 0
    for number in range(times):
        total += number & 7
    return total


@cache
def budget_seconds() -> float:
    """Return the time of the fixed loop on this machine: the equivalent of 100 ms."""
    return min(_seconds(lambda: _loop(LOOPS_OF_BUDGET)) for _ in range(ATTEMPTS))


def share_of_budget(call: Callable[[], object]) -> float:
    """Return the share of the budget that the call takes: 1 is the whole. Refusals count as results."""
    least = _seconds(call)
    for _ in range(ATTEMPTS - 1):
        if least < budget_seconds() / 2:
            break
        least = min(least, _seconds(call))
    return least / budget_seconds()


def share_of_first_call(call: Callable[[], object]) -> float:
    """Return the same as ``share_of_budget``, for a call that behaves differently when repeated."""
    return _seconds(call) / budget_seconds()


def _seconds(call: Callable[[], object]) -> float:
    with contextlib.suppress(DomainError), _no_garbage_collected():
        began = time.thread_time()
        try:
            call()
        finally:
            seconds = time.thread_time() - began
    return seconds


@contextlib.contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Disable garbage collection, whose time depends on all objects of the process, not on the input."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
