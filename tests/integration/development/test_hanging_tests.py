"""A test that never ends is stopped after its time limit, and does not affect other tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TESTS = """
import subprocess

def test_before(): pass
def test_without_end(): subprocess.run(["sleep", "30"])
def test_after(): pass
"""
PLUGINS = ("-p", "tests.scheduling", *(f"-pno:{name}" for name in ("asyncio", "hypothesispytest", "schemathesis")))
LIMIT = ("-o", "faulthandler_timeout=1", "-o", "faulthandler_exit_on_timeout=true")


def test_other_tests_continue_and_the_report_shows_where_the_test_hung(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "test_more.py").write_text("def test_elsewhere(): pass\n", encoding="utf-8")
    options = [*PLUGINS, f"--basetemp={tmp_path / 'temporary'}", "--numprocesses=2", "--dist=loadfile", *LIMIT]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    finished = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
    )
    assert "1 failed, 3 passed" in finished.stdout, finished.stdout
    assert "crashed while running 'test_some.py::test_without_end'" in finished.stdout
    assert "in test_without_end" in finished.stderr
