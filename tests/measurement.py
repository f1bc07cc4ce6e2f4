"""Which tests coverage measures: the others run as if there was no coverage, which makes Python half as fast."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import coverage
import pytest

MEASURED: Final = ("tests/unit/", "tests/integration/")
"""The rings under which the bounds of `development.coverage_report` are reached."""

TIMED: Final = (
    "tests/unit/test_work_of_input.py",
    "tests/unit/administration/test_work_of_user_files.py",
    "tests/integration/api/test_work_of_calls.py",
)
"""Compare the processor time of Python's code with that of its libraries in C, which a tracer does not slow down."""

REPEATING: Final = (
    "/test_access_table.py",
    "/test_faults_under_load.py",
    "/test_fuzz.py",
    "/test_json_bodies.py",
    "/test_kills.py",
    "/test_races_",
    "/test_refresh_model.py",
    "/test_rights_matrix.py",
    "tests/integration/development/",
    "tests/integration/examples/",
)
"""Repeat for long what other tests reach once: a tracer finds no line there that it would not find elsewhere."""

FIRST_WORKER: Final = "gw0"

CONFIGURATION: Final = "COVERAGE_PROCESS_CONFIG"
"""Coverage's variable: with it, a process of Python measures itself."""


def is_measured(node_id: str) -> bool:
    """Tell whether coverage measures a test, where it measures at all."""
    return node_id.startswith(MEASURED) and not any(part in node_id for part in TIMED + REPEATING)


def is_another_worker() -> bool:
    """Tell whether this process is a worker of pytest-xdist, and not the first."""
    return os.environ.get("PYTEST_XDIST_WORKER", FIRST_WORKER) != FIRST_WORKER


@contextmanager
def without_coverage() -> Iterator[None]:
    """Measure neither this thread within the block, nor threads and processes that begin in it."""
    if CONFIGURATION not in os.environ:
        yield
        return
    tracer, tracer_of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        with pytest.MonkeyPatch.context() as patches:
            patches.delenv(CONFIGURATION)
            yield
    finally:
        threading.settrace(tracer_of_threads)
        sys.settrace(tracer)


def save_coverage() -> None:
    """Store what coverage measured in this process so far.

    It would do so when the process ends; but pytest-xdist gives a worker ten seconds for its end, and then kills it.
    """
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.save()
