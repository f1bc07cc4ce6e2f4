"""Every test that docs/faults-of-others.md names exists."""

import ast
import re
from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT, text_of, tree_of

PAGE: Final = Path("docs/faults-of-others.md")
ROWS: Final = 25
"""The number of rows of the first table, which lists published faults."""


def test_every_row_has_a_test_or_a_reason() -> None:
    rows = re.findall(r"^\| ([^|]*(?:CVE|GHSA|#)[^|]*) \| [^|]+ \| ([^|]+) \|$", text_of(PAGE), re.MULTILINE)
    assert len(rows) == ROWS
    without = [fault for fault, test in rows if "::" not in test and not test.startswith(("there is no", "clients "))]
    assert not without


def test_every_test_named_on_the_page_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of(PAGE))
    assert len(named) > ROWS
    gone = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in _tests_of(path)]
    assert not gone
    assert "test_made_up" not in _tests_of(named[0][0])


def _tests_of(path: str) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree_of(Path(path))) if isinstance(node, functions)}
