"""Limits for the length of files and functions, and the strictness of linters."""

from pathlib import Path
from typing import Final

from tests.architecture.sources import functions_of, modules, project_table, text_of

FILE_LINES: Final = 300
TASKS_LINES: Final = 200
FUNCTION_LINES: Final = 40
COMPLEXITY: Final = 8

ALLOWED: Final[dict[str, str]] = {
    "src/doorward/domain/auth/repositories/sessions.py::add_session": "one statement, so that a login has no more",
    "src/doorward/domain/auth/repositories/browser_sessions.py::add_browser_session": "one statement",
    "src/doorward/domain/auth/repositories/one_time_tokens.py::add_token": "one statement",
    "src/doorward/domain/auth/repositories/users.py::find_credentials": "one statement, so that a login has no more",
    "src/doorward/domain/auth/repositories/rotations.py::rotate_sessions": "one statement, and the reason for its form",
    "src/doorward/domain/auth/repositories/rotations.py::lock_session": "one statement",
    "src/doorward/domain/oauth/repositories/codes.py::add_codes": "one statement, so that the checked rows stay locked",
    "src/doorward/domain/outbox/repository.py::claim_messages": "one statement",
    "src/doorward/domain/outbox/repository.py::update_blocked_messages": "one statement, and the reason for its form",
}
"""Path, or path::function, and the reason why it may be longer. Keep the list short."""


def checked_modules() -> list[Path]:
    return modules("src", "packages", "tests", "development", "benchmarks", "tasks.py")


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {str(path): len(text_of(path).splitlines()) for path in checked_modules()}
    too_long = {path: lines for path, lines in lengths.items() if lines > FILE_LINES and path not in ALLOWED}
    assert len(lengths) > 20
    assert not too_long, "split these by meaning, one purpose for each module"


def test_the_task_file_is_short() -> None:
    lines = len(text_of(Path("tasks.py")).splitlines())
    assert lines < TASKS_LINES, "a task is one visible command: move the rest to development/"


def test_no_function_is_longer_than_40_lines() -> None:
    too_long = [
        f"{path}::{function.name}"
        for path in checked_modules()
        for function in functions_of(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
        and f"{path}::{function.name}" not in ALLOWED
    ]
    assert not too_long, "name the parts and call them"


def test_every_exception_to_the_limits_exists() -> None:
    known = {str(path) for path in checked_modules()}
    known |= {f"{path}::{function.name}" for path in checked_modules() for function in functions_of(path)}
    assert set(ALLOWED) <= known, "remove exceptions whose file or function no longer exists"


def test_ruff_limits_complexity_to_8_and_selects_all_rules() -> None:
    lint = project_table()["tool"]["ruff"]["lint"]
    assert lint["mccabe"]["max-complexity"] == COMPLEXITY
    assert lint["select"] == ["ALL"]
    assert not {"C901", "PLR0912", "PLR0915", "A001", "A002", "D100", "D101", "D102", "D103"} & set(lint["ignore"])


def test_mypy_is_strict_on_everything() -> None:
    mypy = project_table()["tool"]["mypy"]
    assert mypy["strict"] is True
    assert {"src", "packages", "tests", "development", "benchmarks", "tasks.py"} <= set(mypy["files"])


def test_every_ignored_rule_has_a_reason() -> None:
    lines = text_of(Path("pyproject.toml")).splitlines()
    start = lines.index("ignore = [")
    ignored = lines[start + 1 : lines.index("]", start)]
    assert ignored
    assert not [line for line in ignored if "#" not in line], "write why the rule does not fit"


def test_every_silenced_line_has_a_reason() -> None:
    silent = [
        f"{path}:{number}"
        for path in modules("src", "packages", "development", "benchmarks", "tasks.py")
        for number, (line, above) in enumerate(
            zip(text_of(path).splitlines(), ["", *text_of(path).splitlines()], strict=False), start=1
        )
        if ("# noqa" in line or "# type: ignore" in line)
        and " - " not in line.partition("#")[2]
        and line.count("#") < 2
        and not above.lstrip().startswith("#")
    ]
    assert not silent, "write why after the code of the rule: '# noqa: S105 - a command, no secret'"
