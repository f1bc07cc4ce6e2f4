"""Every new session is decided by ``admission.judge``, and only its module decides on second factors."""

import ast
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import (
    Function,
    calls_of,
    functions_of,
    is_repository,
    source_modules,
    text_of,
    tree_of,
)

AUTH: Final = Path("src/doorward/domain/auth")
ADMISSION: Final = AUTH / "sessions" / "admission.py"
BEGIN: Final = AUTH / "sessions" / "begin.py"
BEGIN_IN_BROWSER: Final = AUTH / "sessions" / "browser_sessions.py"
LOGIN: Final = AUTH / "login" / "login.py"
CONTINUATION: Final = AUTH / "sessions" / "continuation.py"
CODE_EXCHANGE: Final = Path("src/doorward/domain/oauth/code_exchange.py")
DEVICE_EXCHANGE: Final = Path("src/doorward/domain/oauth/device_exchange.py")
SESSIONS: Final = AUTH / "repositories" / "sessions.py"
BROWSER_SESSIONS: Final = AUTH / "repositories" / "browser_sessions.py"
MINIMUM_STATEMENTS: Final = 6
WIRING: Final = Path("src/doorward/wiring/auth.py")


def imported_from(path: Path, module: str) -> set[str]:
    """Return the names that a module imports from another one."""
    return {
        alias.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def importers(name: str) -> set[Path]:
    """Return the modules that import a name from the module ``admission``."""
    return {path for path in source_modules() if name in imported_from(path, "doorward.domain.auth.sessions.admission")}


def callers(name: str) -> set[Path]:
    """Return the modules that call a function or method with this name."""
    return {
        path for path in source_modules() for call in calls_of(path) if ast.unparse(call.func).split(".")[-1] == name
    }


def function(path: Path, name: str) -> Function:
    (found,) = [each for each in functions_of(path) if each.name == name]
    return found


def test_one_statement_stores_sessions_and_one_function_calls_it() -> None:
    storing = {path for path in source_modules() if "INSERT INTO sessions" in text_of(path)}
    assert storing == {SESSIONS}
    assert text_of(SESSIONS).count("INSERT INTO sessions") == 1
    assert callers("add_session") == {BEGIN}


def test_one_statement_stores_browser_sessions_and_one_function_calls_it() -> None:
    storing = {path for path in source_modules() if "INSERT INTO browser_sessions" in text_of(path)}
    assert storing == {BROWSER_SESSIONS}
    assert text_of(BROWSER_SESSIONS).count("INSERT INTO browser_sessions") == 1
    assert callers("add_browser_session") == {BEGIN_IN_BROWSER}


@pytest.mark.parametrize(
    ("path", "name", "stores"),
    [
        (BEGIN, "begin_session", "add_session"),
        (BEGIN_IN_BROWSER, "begin_browser_session", "add_browser_session"),
    ],
)
def test_beginning_a_session_calls_judge_first_and_returns_any_verdict_but_proceed(
    path: Path, name: str, stores: str
) -> None:
    judged, refused, *rest = [each for each in function(path, name).body if not is_docstring(each)]
    assert ast.unparse(judged) == "verdict = judge(account, proof, policy)"
    assert ast.unparse(refused) == "if not isinstance(verdict, Proceed):\n    return verdict"
    assert any(stores in ast.unparse(each) for each in rest)


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_a_locked_account_comes_only_from_a_statement_that_locks_or_updates_its_row() -> None:
    """The verdict of ``judge`` is then still valid at the commit."""
    reading = [
        (path, each)
        for path in source_modules()
        for each in functions_of(path)
        if "class_row(LockedAccount)" in ast.unparse(each)
    ]
    holding = [
        each.name
        for _, each in reading
        if any(words in ast.unparse(each) for words in ("FOR NO KEY UPDATE", "UPDATE users"))
    ]
    assert {path for path, _ in reading if not is_repository(path)} == set()
    assert len(holding) == len(reading) >= MINIMUM_STATEMENTS, "lock the user's row, or update it"
    assert callers("LockedAccount") == set()


def test_judge_is_imported_only_where_sessions_begin_and_by_the_login() -> None:
    assert importers("judge") == {BEGIN, BEGIN_IN_BROWSER, LOGIN}


def test_only_the_admission_module_creates_its_verdicts() -> None:
    assert callers("SecondFactorDue") == {ADMISSION}
    assert callers("Proceed") == {ADMISSION}


def test_only_continuations_of_a_live_session_skip_the_second_factor() -> None:
    """These are the session in which a user continues when all others end, and an application's session in a browser.

    The wiring creates all other policies with the default, which requires the second factor.
    """
    assert importers("SIGNED_IN") == {CONTINUATION, CODE_EXCHANGE, DEVICE_EXCHANGE}
    assert callers("AdmissionPolicy") == {ADMISSION, WIRING}
    named = {
        path
        for path in source_modules()
        for call in calls_of(path)
        if any(keyword.arg == "requires_second_factor" for keyword in call.keywords)
    }
    assert named == {ADMISSION}
