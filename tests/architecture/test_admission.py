"""No session begins but by ``admission.judge``, and no other code decides whether a second factor is due."""

import ast
from pathlib import Path
from typing import Final

from tests.architecture.sources import Function, calls_of, functions_of, source_modules, text_of, tree_of

AUTH: Final = Path("src/doorward/domain/auth")
ADMISSION: Final = AUTH / "admission.py"
BEGIN: Final = AUTH / "begin.py"
LOGIN: Final = AUTH / "login.py"
CONTINUATION: Final = AUTH / "continuation.py"
SESSIONS: Final = AUTH / "repositories" / "sessions.py"
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
    return {path for path in source_modules() if name in imported_from(path, "doorward.domain.auth.admission")}


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


def test_the_birth_of_a_session_asks_the_judge_first_and_returns_any_other_verdict() -> None:
    judged, refused, *rest = [each for each in function(BEGIN, "begin_session").body if not is_docstring(each)]
    assert ast.unparse(judged) == "verdict = judge(account, proof, policy)"
    assert ast.unparse(refused) == "if not isinstance(verdict, Proceed):\n    return verdict"
    assert any("add_session" in ast.unparse(each) for each in rest)


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_the_judge_is_asked_at_the_birth_and_by_the_login_that_waits_for_a_factor() -> None:
    assert importers("judge") == {BEGIN, LOGIN}


def test_only_the_judge_says_that_a_second_factor_is_due() -> None:
    assert callers("SecondFactorDue") == {ADMISSION}
    assert callers("Proceed") == {ADMISSION}


def test_only_the_session_that_goes_on_is_spared_the_factor() -> None:
    """Every other policy is made by the wiring, which does not name it: the default asks for it."""
    assert importers("SIGNED_IN") == {CONTINUATION}
    assert callers("AdmissionPolicy") == {ADMISSION, WIRING}
    named = {
        path
        for path in source_modules()
        for call in calls_of(path)
        if any(keyword.arg == "requires_second_factor" for keyword in call.keywords)
    }
    assert named == {ADMISSION}
