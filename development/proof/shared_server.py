"""A pytest plugin for many short runs: the tests share one migrated PostgreSQL that is already running.

In a run of mutmut with one mutant, the tests most likely to detect it run first, and some are omitted. Those that
detected another mutant of the same function or module are the most likely ones.
"""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

SERVER_URL: Final = "DOORWARD_PROOF_SERVER_URL"
TEMPLATE: Final = "doorward_template"
MUTANT: Final = "MUTANT_UNDER_TEST"
"""mutmut's variable: the name of the mutant, or another value while mutmut measures the tests."""

FAULTY: Final = "__mutmut_"
MAXIMUM_TESTS: Final = 400
"""The maximum for one mutant. If more tests reach it and none of these detects it, it counts as survived."""

MAXIMUM_SECONDS: Final = 30
"""The maximum for one test of a mutant. The slowest test takes five seconds without one."""

SHORT_WORD_LENGTH: Final = 3
COMMON_WORDS: Final = {"doorward", "domain", "auth", "infrastructure", "repositorie"}

STATISTICS: Final = Path("mutmut-stats.json")
"""Below `mutants/`: which tests call which function."""

DETECTIONS: Final = Path("detections")
"""Below `mutants/`: a file for each function, with a line for each test that detected a mutant of it."""


class SharedServer:
    """Replaces the value of the fixture `postgres`, for tests that never stop the server."""

    def __init__(self) -> None:
        self._databases: set[str] = set()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        self._databases.add(database)
        return urlunsplit(urlsplit(os.environ[SERVER_URL])._replace(path=f"/{database}"))

    def drop_databases(self) -> None:
        """Drop the databases of this run: a thousand that are left slow the server down to a quarter."""
        names = self._databases - {"postgres", TEMPLATE}
        if not names:
            return
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for name in names:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


SERVER: Final = SharedServer()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> object:  # noqa: ANN401 - pytest does not export its type
    """Return the values of these two fixtures without starting or migrating a server."""
    values: dict[str, object] = {"postgres": SERVER, "template": TEMPLATE}
    if fixturedef.argname not in values:
        return None
    value = values[fixturedef.argname]
    fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
    return value


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests first that are most likely to detect the mutant; omit some of the others."""
    name = os.environ.get(MUTANT, "")
    if FAULTY not in name:
        return
    function = _function_of(name)
    of_function, of_module = detections(function), detections(f"{function.partition('.x')[0]}.x*")
    words, number_of_functions = words_of(function), functions_of_tests()

    def place(item: pytest.Item) -> tuple[bool, bool, int, int]:
        # The fewer functions a test calls, the more it checks of each.
        number_of_words = sum(word in item.nodeid.lower() for word in words)
        return (
            item.nodeid not in of_function,
            item.nodeid not in of_module,
            -number_of_words,
            number_of_functions[item.nodeid],
        )

    items.sort(key=place)
    del items[MAXIMUM_TESTS:]


def words_of(function: str) -> set[str]:
    """Return the words in the name of a function and its modules, singular, without the words of all names."""
    words = {word.lower().rstrip("s") for word in re.split(r"[._ǁ]|(?<=[a-z])(?=[A-Z])", function)}
    return {word for word in words if len(word) > SHORT_WORD_LENGTH} - COMMON_WORDS


def functions_of_tests() -> Counter[str]:
    """Return how many functions each test calls, as mutmut has measured."""
    measured = json.loads(STATISTICS.read_text(encoding="utf-8"))["tests_by_mangled_function_name"]
    return Counter(test for tests in measured.values() for test in tests)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """Fail the test of a mutant that waits in a fixture."""
    with limited(MAXIMUM_SECONDS):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Fail the test of a mutant that waits."""
    with limited(MAXIMUM_SECONDS):
        yield


@contextmanager
def limited(seconds: float) -> Generator[None, None, None]:
    """Fail the test in the block after this time, in a run with a mutant: a waiting one cost ten minutes."""
    if FAULTY not in os.environ.get(MUTANT, ""):
        yield
        return

    def expire(_number: int, _frame: FrameType | None) -> None:
        # No subclass of Exception: the code under test would catch it.
        pytest.fail(f"waited {seconds} seconds")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Drop the databases after the fixtures that use them have ended."""
    SERVER.drop_databases()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Store which test detected a mutant."""
    name = os.environ.get(MUTANT, "")
    if FAULTY in name and report.failed:
        DETECTIONS.mkdir(exist_ok=True)
        with (DETECTIONS / _function_of(name)).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")


def detections(functions: str) -> set[str]:
    """Return the tests that detected mutants of the functions of this pattern."""
    files = DETECTIONS.glob(functions)
    return {test for file in files for test in file.read_text(encoding="utf-8").splitlines()}


def _function_of(mutant: str) -> str:
    return mutant.partition(FAULTY)[0]
