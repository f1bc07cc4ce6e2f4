"""docs/new-domain.md: its blocks, run to the letter in a copy of the project, make a domain that passes all checks."""

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
VERSIONS: Final = Path("src/doorward/infrastructure/migrations/versions")
ACCEPTANCE: Final = "uv run inv check\nuv run pytest -q tests/unit/notes tests/integration/notes\n"
"""What the page must end with."""

HANGS_AFTER_SECONDS: Final = 900
SHOWN_LINES: Final = 60


def blocks() -> Sequence[str]:
    """The commands of each numbered step."""
    parts = re.split(r"^## (.+)\n", text_of(PAGE), flags=re.MULTILINE)
    found = []
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        marked = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        expected = ["sh"] if title[0].isdigit() else []
        assert [language for language, _ in marked] == expected, f"{PAGE}, '{title}': one block, marked sh, a step"
        found += [commands for _, commands in marked]
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as git would take it, in a repository of its own without history."""
    for path in project_files():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tmp_path / path)
    state_after("git init --quiet", tmp_path)
    return tmp_path


def run(commands: str, copy: Path) -> subprocess.CompletedProcess[str]:
    """Run commands as a newcomer's shell would, stopping at the first that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        check=False,
        cwd=copy,
        env=environment(copy),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANGS_AFTER_SECONDS,
    )


def environment(copy: Path) -> Mapping[str, str]:
    """The packages of this run with the code of the copy, no network, and nothing of this run's git and coverage."""
    foreign = ("COV", "GIT_", "PYTEST_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "PYTHONPATH": str(copy / "src"),
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
    }


def state_after(commands: str, copy: Path) -> str:
    """Run commands that must succeed; return a name for what all files of the project hold then."""
    finished = run(f"{commands}\ngit add --all\n", copy)
    if finished.returncode != 0:
        said = "\n".join(finished.stdout.splitlines()[-SHOWN_LINES:])
        pytest.fail(f"{PAGE}: ends with {finished.returncode}:\n\n{commands}\n{said}", pytrace=False)
    return run("git write-tree", copy).stdout


def test_the_page_takes_the_next_free_number_of_a_migration() -> None:
    newest = max(int(path.name[1:5]) for path in project_files() if path.match(f"{VERSIONS}/v[0-9]*.py"))
    given = {
        "copied to": re.findall(r"/v(\d+)_notes\.py$", text_of(PAGE), re.MULTILINE),
        "revision": re.findall(r"/revision = \"(\d+)\"/", text_of(PAGE)),
        "down_revision": re.findall(r"/down_revision = \"(\d+)\"/", text_of(PAGE)),
        "SCHEMA_VERSION": re.findall(r"/SCHEMA_VERSION: Final = \"(\d+)\"/", text_of(PAGE)),
    }
    following, present = f"{newest + 1:04}", f"{newest:04}"
    assert given == {
        "copied to": [following, following],
        "revision": [following],
        "down_revision": [present],
        "SCHEMA_VERSION": [following],
    }, f"the newest migration is {present}, so {PAGE} makes {following}"


def test_the_page_makes_a_domain_that_passes_every_check(copy: Path) -> None:
    *making, accepting = blocks()
    assert accepting == ACCEPTANCE, f"{PAGE} must end with the checks"
    before = state_after("true", copy)
    for commands in making:
        after = state_after(commands, copy)
        if after == before:
            pytest.fail(f"{PAGE}: changes nothing:\n\n{commands}", pytrace=False)
        before = after
    state_after(accepting, copy)
