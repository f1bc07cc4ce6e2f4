"""The blocks of docs/new-domain.md, run in a copy of the project, create a domain that passes all checks."""

import re
import tempfile
from pathlib import Path
from typing import Final

from tests.architecture.sources import project_files, text_of
from tests.pages.newcomer import PAGE, Newcomer

VERSIONS: Final = Path("src/doorward/infrastructure/migrations/versions")


def test_the_page_uses_the_next_free_migration_numbers() -> None:
    newest = max(int(path.name[1:5]) for path in project_files() if path.match(f"{VERSIONS}/v[0-9]*.py"))
    given = {
        "copied to": re.findall(r"^cp .*/v(\d+)_notes\w*\.py$", text_of(PAGE), re.MULTILINE),
        "revision": re.findall(r"/revision = \"(\d+)\"/", text_of(PAGE)),
        "down_revision": re.findall(r"/down_revision = \"(\d+)\"/", text_of(PAGE)),
        "SCHEMA_VERSION": re.findall(r"/SCHEMA_VERSION: Final = \"(\d+)\"/", text_of(PAGE)),
    }
    present, first, second, third = (f"{newest + step:04}" for step in range(4))
    assert given == {
        "copied to": [first, second, third],
        "revision": [first, second, third],
        "down_revision": [present, first, second],
        "SCHEMA_VERSION": [third],
    }, f"the newest migration is {present}, so {PAGE} makes {first} to {third}"


def test_the_page_creates_a_domain_that_passes_every_check() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Newcomer(Path(folder)).follow_the_page()
