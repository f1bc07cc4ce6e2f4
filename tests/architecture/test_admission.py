"""No session begins but by ``admission.judge``, and no other code decides whether a second factor is due."""

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
    """Return the modules that import a name of the admission."""
    return {path for path in source_modules() if name in imported_from(path, "doorward.domain.auth.sessions.admission")}


def callers(name: str) -> set[Path]:
    """Return the modules that call what has this last name."""
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


def test_one_statement_stores_sessions_of_browsers_and_one_function_calls_it() -> None:
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
def test_the_birth_of_a_session_asks_the_judge_first_and_returns_any_other_verdict(
    path: Path, name: str, stores: str
) -> None:
    judged, refused, *rest = [each for each in function(path, name).body if not is_docstring(each)]
    assert ast.unparse(judged) == "verdict = judge(account, proof, policy)"
    assert ast.unparse(refused) == "if not isinstance(verdict, Proceed):\n    return verdict"
    assert any(stores in ast.unparse(each) for each in rest)


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_an_account_for_which_a_session_may_begin_comes_from_a_row_that_its_transaction_holds() -> None:
    """What the judge decides is still valid at the commit: only statements that lock or update the row return one."""
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


def test_the_judge_is_asked_at_the_birth_and_by_the_login_that_waits_for_a_factor() -> None:
    assert importers("judge") == {BEGIN, BEGIN_IN_BROWSER, LOGIN}


def test_only_the_judge_says_that_a_second_factor_is_due() -> None:
    assert callers("SecondFactorDue") == {ADMISSION}
    assert callers("Proceed") == {ADMISSION}


def test_only_what_goes_on_from_a_live_session_is_spared_the_factor() -> None:
    """It is the session of its user after a change, and that of an application within a browser's.

    Every other policy is made by the wiring, which does not name it: the default asks for it.
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
