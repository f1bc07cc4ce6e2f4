"""The service takes the time of day from PostgreSQL, by the port `Clock`, and not from the host."""

import ast
from pathlib import Path
from typing import Final

from tests.architecture.sources import at, calls_of, source_modules

READING: Final = frozenset(
    {"time.time", "time.time_ns", "time.gmtime", "time.localtime", "datetime.now", "datetime.utcnow", "datetime.today"}
    | {"date.today", "time.clock_gettime", "time.clock_gettime_ns"}
)
ALLOWED: Final = {
    "src/doorward/infrastructure/clock.py": "reads the host's clocks for all others",
    "src/doorward/observability/logging.py": "log lines carry the host's time",
    "src/doorward/infrastructure/limits/store.py": "takes away the host's time that the library has added to Redis's",
}


def name_of(function: ast.expr) -> str:
    """Return the last two parts of a dotted name."""
    return ".".join(ast.unparse(function).split(".")[-2:])


def readers() -> list[tuple[Path, str]]:
    return [
        (path, at(path, call)) for path in source_modules() for call in calls_of(path) if name_of(call.func) in READING
    ]


def test_only_the_listed_modules_read_the_time_of_the_host() -> None:
    strays = [where for path, where in readers() if str(path) not in ALLOWED]
    assert not strays, "take the time from the port Clock: docs/decisions/0026-postgresqls-clock.md"


def test_every_listed_module_reads_the_time_of_the_host() -> None:
    assert {str(path) for path, _ in readers()} == set(ALLOWED)
