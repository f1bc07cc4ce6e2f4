"""What a continued run of the mutations keeps of the run before, and the order of the tests for one mutant."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from development.proof import shared_server
from development.proof.mutation import NOT_RUN, SURVIVED, exit_codes, forget_results, judge, remove_outdated_copies


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


@pytest.fixture
def mutants(tmp_path: Path) -> Path:
    """Return a folder with the results of two modules: found, survived, unreached, refused, timed out, not run."""
    _write_results(tmp_path, "login", [1, 0, 33, 37])
    _write_results(tmp_path, "session", [-24, None, 255])
    return tmp_path


def test_mutants_with_chosen_results_are_run_again_and_other_results_are_kept(mutants: Path) -> None:
    forget_results(mutants, NOT_RUN)
    assert exit_codes(mutants, []) == Counter({None: 2, 0: 1, 33: 1, 1: 1, 37: 1, -24: 1})
    forget_results(mutants, NOT_RUN | SURVIVED)
    assert exit_codes(mutants, []) == Counter({None: 4, 1: 1, 37: 1, -24: 1})
    assert json.loads((mutants / "login.py.meta").read_text(encoding="utf-8"))["hash_by_function_name"] == {"x_f": "9f"}


def test_the_results_of_named_mutants_are_counted(mutants: Path) -> None:
    assert exit_codes(mutants, ["session*", "*mutmut_0"]) == Counter({1: 1, -24: 1, None: 1, 255: 1})


@pytest.mark.parametrize(
    ("codes", "verdict", "printed"),
    [
        ({1: 8, -24: 1, 0: 1, 37: 5}, 0, "9 of 10 were found (90.0%), 1 of them by a timeout; mypy refuses 5; 0 were"),
        ({1: 89, 0: 10, 33: 1}, 1, "89 of 100 were found (89.0%)"),
        ({1: 10, None: 1}, 1, "10 of 10 were found (100.0%), 0 of them by a timeout; mypy refuses 0; 1 were not run"),
        ({1: 10, 2: 1, 255: 2}, 1, "3 were not run"),
        ({37: 3}, 1, "0 of 0 were found"),
    ],
    ids=["enough", "too few", "not to its end", "interrupted, and without a listed test", "none judged"],
)
def test_a_run_fails_if_too_few_are_found_or_any_was_not_run(
    codes: dict[int | None, int], verdict: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(Counter(codes)) == verdict
    assert printed in capsys.readouterr().out


def _write_results(folder: Path, module: str, codes: Sequence[int | None]) -> None:
    results = {f"{module}.x_f__mutmut_{number}": code for number, code in enumerate(codes)}
    content = {"exit_code_by_key": results, "hash_by_function_name": {"x_f": "9f"}}
    (folder / f"{module}.py.meta").write_text(json.dumps(content), encoding="utf-8")


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_tests_that_detected_a_mutant_of_the_function_run_first_then_of_the_module_then_those_of_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    of_many, named = "tests/c.py::passes", "tests/test_session.py::x"
    tests = {"x_login": [of_many, named, "tests/d.py::of_few"], "x_logout": [of_many, named], "x_other": [named]}
    shared_server.STATISTICS.write_text(json.dumps({"tests_by_mangled_function_name": tests}), encoding="utf-8")
    detecting = {"x_login": "tests/a.py::of_login", "x_logout": "tests/b.py::of_logout"}
    for function, test in detecting.items():
        monkeypatch.setenv(shared_server.MUTANT, f"doorward.sessions.{function}__mutmut_3")
        shared_server.pytest_runtest_logreport(_report(test, failed=True))
        shared_server.pytest_runtest_logreport(_report("tests/c.py::passes", failed=False))
    for function, test in detecting.items():
        monkeypatch.setenv(shared_server.MUTANT, f"doorward.sessions.{function}__mutmut_4")
        (other,) = set(detecting.values()) - {test}
        assert _in_order("tests/c.py::passes", "tests/d.py::of_few", "tests/test_session.py::x", other, test) == [
            test,
            other,
            "tests/test_session.py::x",
            "tests/d.py::of_few",
            "tests/c.py::passes",
        ]


def test_a_test_of_a_mutant_that_waits_fails_and_other_tests_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shared_server.MUTANT, "doorward.sessions.x_login__mutmut_3")
    with pytest.raises(pytest.fail.Exception), shared_server.limited(0.01):
        threading.Event().wait(60)
    monkeypatch.setenv(shared_server.MUTANT, "stats")
    with shared_server.limited(0.01):
        threading.Event().wait(0.05)


def _in_order(*tests: str) -> list[str]:
    items: list[Any] = [SimpleNamespace(nodeid=test, path=Path(test.partition("::")[0])) for test in tests]
    shared_server.pytest_collection_modifyitems(items)
    return [item.nodeid for item in items]


def _report(test: str, *, failed: bool) -> pytest.TestReport:
    outcome: Any = "failed" if failed else "passed"
    return pytest.TestReport(test, (test, None, test), {}, outcome, None, "call")
