"""Selects the tests that coverage measures: the others run without it, because it makes Python half as fast."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import coverage
import pytest

MEASURED: Final = ("tests/unit/", "tests/integration/")
"""The rings whose coverage must reach the bounds of `development.coverage_report`."""

TIMED: Final = (
    "tests/unit/test_work_of_input.py",
    "tests/unit/administration/test_work_of_user_files.py",
    "tests/integration/api/test_work_of_calls.py",
)
"""Compare the processor time of Python code with that of C libraries, which a tracer does not slow down."""

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
"""Repeat many times what other tests reach once: a tracer finds no additional lines there."""

FIRST_WORKER: Final = "gw0"

CONFIGURATION: Final = "COVERAGE_PROCESS_CONFIG"
"""Coverage's variable: with it, a Python process measures itself."""


def is_measured(node_id: str) -> bool:
    """Return whether coverage measures a test, if it is enabled."""
    return node_id.startswith(MEASURED) and not any(part in node_id for part in TIMED + REPEATING)


def is_another_worker() -> bool:
    """Return whether this process is a worker of pytest-xdist other than the first."""
    return os.environ.get("PYTEST_XDIST_WORKER", FIRST_WORKER) != FIRST_WORKER


@contextmanager
def without_coverage() -> Iterator[None]:
    """Disable coverage within the block for this thread, and for threads and processes that start in it."""
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
    """Store the coverage data of this process up to now.

    Coverage would store it when the process ends; but pytest-xdist kills a worker that does not end within ten seconds.
    """
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.save()
