"""What a continued run of the mutations keeps of the run before, and the order of the tests for one mutant."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from development.proof import shared_server
from development.proof.mutation import remove_outdated_copies


def test_a_continued_run_uses_only_files_of_the_project_as_it_is(tmp_path: Path) -> None:
    project, mutants = tmp_path, tmp_path / "mutants"
    kept = {"src/login.py", "src/login.py.meta", "src/login.py.spans", "tests/test_login.py"}
    removed_code = {"src/gone.py", "src/gone.py.meta", "src/gone.py.spans", "tests/test_gone.py"}
    data = {"src/mail.txt", "tests/users.csv"}
    for name in ("src/login.py", "tests/test_login.py", *data):
        _write(project / name)
    for name in kept | removed_code | data:
        _write(mutants / name)
    remove_outdated_copies(project, mutants)
    assert {str(path.relative_to(mutants)) for path in mutants.rglob("*") if path.is_file()} == kept


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_tests_that_detected_a_mutant_of_the_same_function_run_first_then_those_of_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    detecting = {"x_login": "tests/a.py::of_login", "x_logout": "tests/b.py::of_logout"}
    for function, test in detecting.items():
        monkeypatch.setenv(shared_server.MUTANT, f"doorward.sessions.{function}__mutmut_3")
        shared_server.pytest_runtest_logreport(_report(test, failed=True))
        shared_server.pytest_runtest_logreport(_report("tests/c.py::passes", failed=False))
    for function, test in detecting.items():
        monkeypatch.setenv(shared_server.MUTANT, f"doorward.sessions.{function}__mutmut_4")
        (other,) = set(detecting.values()) - {test}
        assert _in_order("tests/c.py::passes", "tests/test_session.py::x", other, test) == [
            test,
            other,
            "tests/test_session.py::x",
            "tests/c.py::passes",
        ]


def _in_order(*tests: str) -> list[str]:
    items: list[Any] = [SimpleNamespace(nodeid=test, path=Path(test.partition("::")[0])) for test in tests]
    shared_server.pytest_collection_modifyitems(items)
    return [item.nodeid for item in items]


def _report(test: str, *, failed: bool) -> pytest.TestReport:
    outcome: Any = "failed" if failed else "passed"
    return pytest.TestReport(test, (test, None, test), {}, outcome, None, "call")
