"""Processor time of a call beside that of a fixed loop in the same run: no machine and no neighbour decides a test."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from doorward.core.exceptions import DomainError

LOOPS_OF_BUDGET: Final = 1_400_000
"""Of ``_loop``: 100 ms of processor time on the machine whose figures are in docs/assurance.md."""

ATTEMPTS: Final = 3
"""The least of several counts: a cold cache is not the input's doing."""


def _loop(times: int) -> int:
    total = 0
    for number in range(times):
        total += number & 7
    return total


@cache
def budget_seconds() -> float:
    """Return what the fixed loop takes here: the equivalent of 100 ms."""
    return min(_seconds(lambda: _loop(LOOPS_OF_BUDGET)) for _ in range(ATTEMPTS))


def share_of_budget(call: Callable[[], object]) -> float:
    """Return which part of the budget the call takes: 1 is the whole. Refusals are results, too."""
    least = _seconds(call)
    for _ in range(ATTEMPTS - 1):
        if least < budget_seconds() / 2:
            break
        least = min(least, _seconds(call))
    return least / budget_seconds()


def share_of_first_call(call: Callable[[], object]) -> float:
    """As ``share_of_budget``, for a call that does something else the next time."""
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
    """A collection looks at all objects of the process: how long it takes is not the input's doing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
