"""A newcomer who follows docs/new-domain.md exactly, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import ROOT, project_files, text_of

PAGE: Final = Path("docs/new-domain.md")
ACCEPTANCE: Final = "uv run inv check\nuv run pytest -q tests/unit/notes tests/integration/notes\n"
"""The last block of the page."""

REDUNDANT_TESTS: Final = (
    "bad_input",
    "database_faults",
    "import_under_way",
    "keyset",
    "long_files",
    "quota",
    "rows_read",
    "uploads",
    "versions",
)
"""Slow tests of the copy that only repeat the tests of items with another noun.

The tests of its calls, lists, search, import and ownership are run.
"""

UNRELATED_CHECKS: Final = ("configuration", "containers", "supply")
"""Slow architecture tests that check the whole repository for something unrelated to domains."""

MYPY_CACHE: Final = ".mypy_cache"
TEMPORARY: Final = ".development/pytest"
HANGS_AFTER_SECONDS: Final = 900
SHOWN_LINES: Final = 60
LOW_PRIORITY: Final = "5"
"""Lower than that of tests of faults, but not the lowest: the copy's tests wait only a second or two for PostgreSQL."""


def blocks() -> Sequence[str]:
    """Return the commands of each numbered step."""
    parts = re.split(r"^## (.+)\n", text_of(PAGE), flags=re.MULTILINE)
    found = []
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        marked = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        expected = ["sh"] if title[0].isdigit() else []
        assert [language for language, _ in marked] == expected, f"{PAGE}, '{title}': one block, marked sh, a step"
        found += [commands for _, commands in marked]
    return found


class Newcomer:
    """A newcomer's copy of the project's files, in a new repository without history."""

    def __init__(self, copy: Path) -> None:
        """Copy the project, and save the current environment: tests change theirs."""
        for path in project_files():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, copy / path)
        # Copy mypy's cache: without it, mypy needs half a minute of processor time.
        if (ROOT / MYPY_CACHE).is_dir():
            shutil.copytree(ROOT / MYPY_CACHE, copy / MYPY_CACHE)
        (copy / TEMPORARY).parent.mkdir()
        self._copy = copy
        self._environment = environment(copy)
        self._state_after("git init --quiet")

    def follow_the_page(self) -> None:
        """Fail unless every block changes something and the last, the checks, succeeds."""
        *making, accepting = blocks()
        assert accepting == ACCEPTANCE, f"{PAGE} must end with the checks"
        before = self._state_after("true")
        for commands in making:
            after = self._state_after(commands)
            if after == before:
                pytest.fail(f"{PAGE}: changes nothing:\n\n{commands}", pytrace=False)
            before = after
        self._state_after(accepting)

    def _state_after(self, commands: str) -> str:
        """Run commands that must succeed; return a hash of all files of the project afterwards."""
        finished = self._run(f"{commands}\ngit add --all\n")
        if finished.returncode != 0:
            said = "\n".join(finished.stdout.splitlines()[-SHOWN_LINES:])
            pytest.fail(f"{PAGE}: ends with {finished.returncode}:\n\n{commands}\n{said}", pytrace=False)
        return self._run("git write-tree").stdout

    def _run(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run commands in a shell at low priority, stopping at the first that fails."""
        return subprocess.run(
            ["nice", "-n", LOW_PRIORITY, "bash", "-euo", "pipefail", "-c", commands],
            check=False,
            cwd=self._copy,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANGS_AFTER_SECONDS,
        )


def environment(copy: Path) -> Mapping[str, str]:
    """Return this run's packages with the copy's code, without network, git and coverage settings."""
    foreign = ("COV", "GIT_", "PYTEST_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "PYTHONPATH": str(copy / "src"),
        "PYTEST_ADDOPTS": " ".join(
            [
                # A run in the shared temporary folder would deny access to PostgreSQL's user, which other tests need.
                f"--basetemp={copy / TEMPORARY}",
                *(f"--ignore-glob=*/notes/test_{name}.py" for name in REDUNDANT_TESTS),
                *(f"--ignore-glob=*/architecture/test_{name}.py" for name in UNRELATED_CHECKS),
            ]
        ),
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
    }
